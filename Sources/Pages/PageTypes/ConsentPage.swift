// ConsentPage: may this client do this? Posts `decision` = `allow` or `deny`, and `remember` = `on`.

/// The consent page.
package struct ConsentPage: WebPage {
    package var form: PageForm
    package var client: ClientCard
    /// Who is signed in.
    package var username: String
    /// Where somebody else signs in instead.
    package var switchAccount: PageLink?
    /// What the client wants, in order; may be empty.
    package var scopes: [ScopeLine]
    /// The APIs that it wants it for (RFC 8707); empty when none was named.
    package var resources: [String]
    /// Where the answer goes: the redirect URI's host, or its scheme. It is what a client cannot lie about.
    package var redirectHost: String
    /// Whether the answer may be remembered.
    package var mayRemember: Bool

    package init(
        form: PageForm, client: ClientCard, username: String, switchAccount: PageLink? = nil, scopes: [ScopeLine],
        resources: [String] = [], redirectHost: String, mayRemember: Bool = true
    ) {
        self.form = form
        self.client = client
        self.username = username
        self.switchAccount = switchAccount
        self.scopes = scopes
        self.resources = resources
        self.redirectHost = redirectHost
        self.mayRemember = mayRemember
    }

    package static let name = "consent"
    package static let fields = Fields<ConsentPage>()
        .form { $0.form }
        .client { $0.client }
        .flag("has_links") { $0.client.home != nil || $0.client.policy != nil || $0.client.terms != nil }
        .text("username") { $0.username }
        .link("switch_account") { $0.switchAccount }
        .flag("has_scopes") { !$0.scopes.isEmpty }
        .flag("has_no_scopes") { $0.scopes.isEmpty }
        .list("scopes", of: ScopeLine.fields) { $0.scopes }
        .flag("has_resources") { !$0.resources.isEmpty }
        .list("resources", of: .text) { $0.resources }
        .text("redirect_host") { $0.redirectHost }
        .flag("may_remember") { $0.mayRemember }

    package static func template(in templates: PageTemplates) -> Template<ConsentPage> { templates.consent }
    package var needs: PageNeeds { form.needs.showing(client) }
}
