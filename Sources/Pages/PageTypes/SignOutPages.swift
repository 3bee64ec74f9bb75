// SignOutPages: do you want to sign out (OpenID Connect RP-Initiated Logout 1.0 §2), and that it is done. The first posts `decision` =
// `sign_out` or `stay`.

/// The question.
package struct SignOutPage: WebPage {
    package var form: PageForm
    package var username: String
    /// Who asks for it; nil when the person does.
    package var client: ClientCard?

    package init(form: PageForm, username: String, client: ClientCard? = nil) {
        self.form = form
        self.username = username
        self.client = client
    }

    package static let name = "sign-out"
    package static let fields = Fields<SignOutPage>()
        .form { $0.form }
        .text("username") { $0.username }
        .client { $0.client }

    package static func template(in templates: PageTemplates) -> Template<SignOutPage> { templates.signOut }
    package var needs: PageNeeds { form.needs.standingAlone }
}

/// The end.
package struct SignedOutPage: WebPage {
    /// The client to go back to.
    package var client: ClientCard?
    /// Where back is: its post-logout redirect URI.
    package var back: PageLink?
    /// Addresses of clients that end their own sessions when they are shown (OpenID Connect Front-Channel Logout 1.0 §2).
    package var frontChannel: [PageLink]

    package init(client: ClientCard? = nil, back: PageLink? = nil, frontChannel: [PageLink] = []) {
        self.client = client
        self.back = back
        self.frontChannel = frontChannel
    }

    package static let name = "signed-out"
    package static let fields = Fields<SignedOutPage>()
        .client { $0.client }
        .link("back") { $0.back }
        .text("back_client") { page in page.back == nil ? nil : page.client?.name }
        .flag("has_back_alone") { $0.back != nil && $0.client == nil }
        .list("front_channel", of: Fields<PageLink>().link("address") { $0 }) { $0.frontChannel }

    package static func template(in templates: PageTemplates) -> Template<SignedOutPage> { templates.signedOut }
    package var needs: PageNeeds {
        var needs = PageNeeds().standingAlone
        needs.frames = frontChannel
        return needs
    }
}
