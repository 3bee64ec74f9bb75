// ClientCard: who asks, as people see it: the name and the addresses that a client registered.

/// A client on a page.
package struct ClientCard: Sendable, Hashable {
    package var name: String
    /// An image of 96 by 96 pixels or more.
    package var logo: PageLink?
    package var home: PageLink?
    package var policy: PageLink?
    package var terms: PageLink?

    package init(name: String, logo: PageLink? = nil, home: PageLink? = nil, policy: PageLink? = nil, terms: PageLink? = nil) {
        self.name = name
        self.logo = logo
        self.home = home
        self.policy = policy
        self.terms = terms
    }

    /// For a client without a logo.
    var initial: String { name.first { $0.isLetter || $0.isNumber }.map { String($0).uppercased() } ?? "?" }
}

extension Fields {
    /// With `client`, `client_logo`, or `client_initial` where there is none, and the client's addresses; none of them without a client.
    func client(_ client: @escaping @Sendable (Value) -> ClientCard?) -> Fields {
        text("client") { client($0)?.name }
            .link("client_logo") { client($0)?.logo }
            .text("client_initial") { client($0).flatMap { $0.logo == nil ? $0.initial : nil } }
            .link("client_home") { client($0)?.home }
            .link("client_policy") { client($0)?.policy }
            .link("client_terms") { client($0)?.terms }
    }
}

/// A permission on a page.
package struct ScopeLine: Sendable, Hashable {
    package var name: String
    /// What the client may do with it: a sentence that goes on after "wants to".
    package var sentence: String

    package init(name: String, sentence: String) {
        self.name = name
        self.sentence = sentence
    }

    static let fields = Fields<ScopeLine>().text("name") { $0.name }.text("sentence") { $0.sentence }
}

extension Fields where Value == String {
    /// A list of plain texts.
    static var text: Fields { Fields().text("text") { $0 } }
}
