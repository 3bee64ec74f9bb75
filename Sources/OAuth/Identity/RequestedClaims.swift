// RequestedClaims: the `claims` parameter of a request (OpenID Connect Core 1.0 §5.5): single claims that a client asks for, and where it
// wants to find them. Nobody is told more by it than the scopes that people agreed to: asking for a claim is asking for the scope that it
// belongs to, and what has no scope is left out, which §5.5 allows even of what is essential.

import MartletEncoding

/// The claims that a request names.
package struct RequestedClaims: Sendable, Hashable {
    /// One claim that is asked for (§5.5.1).
    package struct Claim: Sendable, Hashable {
        package let name: String
        package let isEssential: Bool
        /// `value`, or `values`, as texts; empty where any will do, and for values that are no text.
        package let values: [String]
    }

    /// Those of `userinfo`.
    package let userInfo: [Claim]
    /// Those of `id_token`.
    package let idToken: [Claim]
    /// As it was given.
    package let json: [UInt8]

    /// Bytes of the parameter, at most: it is kept with the session.
    package static let maximumLength = 4096

    /// Reads the parameter. Throws `invalid_request` where it is no such object, or longer than 4 KiB.
    package init(parsing text: String) throws(OAuthError) {
        guard text.utf8.count <= Self.maximumLength, let document = try? JSONDocument(parsing: Array(text.utf8)), document.root.isObject
        else { throw Self.wrong("must be a JSON object of at most \(Self.maximumLength) bytes") }
        try self.init(document.root)
    }

    /// Reads what was kept with a grant; nil for nothing, and for what cannot be read any more.
    package init?(stored json: [UInt8]?) {
        guard let json, let document = try? JSONDocument(parsing: json), let claims = try? Self(document.root) else { return nil }
        self = claims
    }

    private init(_ root: JSONValue) throws(OAuthError) {
        // "Members … that are not understood MUST be ignored."
        userInfo = try Self.claims(root["userinfo"], "userinfo")
        idToken = try Self.claims(root["id_token"], "id_token")
        json = Array(root.json)
    }

    /// The scopes that the claims belong to: what people are to be asked about.
    package var scopes: ScopeSet {
        let names = (userInfo + idToken).map(\.name)
        return ScopeSet(StandardClaims.allCases.filter { !Set($0.names).isDisjoint(with: names) }.map(\.rawValue))
    }

    /// The user that it must be (`sub` of the ID token, §3.1.2.2); nil for anybody. Another one's request must not be answered with tokens.
    package var subject: String? { idToken.first { $0.name == "sub" }?.values.first }

    /// What `acr` should be, the most wanted first (§5.5.1.1).
    package var contexts: [String] { idToken.first { $0.name == "acr" }?.values ?? [] }

    /// Whether it must be one of ``contexts``: "the Authorization Server MUST return an acr Claim Value that matches", or refuse.
    package var requiresContext: Bool { idToken.contains { $0.name == "acr" && $0.isEssential && !$0.values.isEmpty } }

    private static func claims(_ json: JSONValue?, _ place: String) throws(OAuthError) -> [Claim] {
        guard let json, !json.isNull else { return [] }
        guard json.isObject else { throw wrong("has a \(place) that is no object") }
        var claims: [Claim] = []
        for (name, value) in json.members {
            guard value.isNull || value.isObject else { throw wrong("has a member of \(place) that is neither null nor an object") }
            let essential = value["essential"]
            guard essential == nil || essential?.bool != nil else { throw wrong("has an essential that is not true or false") }
            let values = value["values"]
            guard values == nil || values?.isArray == true else { throw wrong("has values that are no array") }
            claims.append(
                Claim(
                    name: name, isEssential: essential?.bool ?? false,
                    values: ([value["value"]] + (values?.elements ?? [])).compactMap { $0?.string }))
        }
        return claims
    }

    private static func wrong(_ what: String) -> OAuthError { OAuthError(.invalidRequest, "claims \(what).") }
}
