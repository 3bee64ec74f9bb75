// SignInPage: name and password. Works without a script; posts `username`, `password`, or `cancel` for going back to the client.

/// The sign-in page.
package struct SignInPage: WebPage {
    package var form: PageForm
    /// Who sent the person here; nil when they came by themselves.
    package var client: ClientCard?
    /// What stands in the field already: what was typed before, or `login_hint`.
    package var username: String
    /// Whether somebody who is signed in proves it again (`prompt=login`, `max_age`): the name cannot be changed then.
    package var isReauthentication: Bool
    package var problem: Problem?
    /// Where to register; nil when registration is closed.
    package var register: PageLink?
    /// Whether there is a client to go back to without signing in.
    package var canCancel: Bool

    /// Why it did not work before.
    package enum Problem: String, Sendable, CaseIterable {
        /// Wrong name or password; which of them is not told.
        case invalidCredentials = "invalid_credentials"
        /// A field was left empty.
        case incomplete
        /// The form was not ours or too old (its token did not match).
        case expired
        case tooManyAttempts = "too_many_attempts"
        case unavailable
    }

    package init(
        form: PageForm, client: ClientCard? = nil, username: String = "", isReauthentication: Bool = false, problem: Problem? = nil,
        register: PageLink? = nil, canCancel: Bool = false
    ) {
        self.form = form
        self.client = client
        self.username = username
        self.isReauthentication = isReauthentication
        self.problem = problem
        self.register = register
        self.canCancel = canCancel
    }

    package static let name = "sign-in"
    package static let fields = Fields<SignInPage>()
        .form { $0.form }
        .client { $0.client }
        .text("client_to_continue") { $0.isReauthentication ? nil : $0.client?.name }
        .flag("is_alone") { $0.client == nil && !$0.isReauthentication }
        .text("username") { $0.username }
        .flag("is_reauthentication") { $0.isReauthentication }
        .flag("starts_at_username") { $0.username.isEmpty && !$0.isReauthentication }
        .flag("starts_at_password") { !$0.username.isEmpty || $0.isReauthentication }
        .choice("problem") { $0.problem }
        .link("register") { $0.register }
        .flag("can_cancel") { $0.canCancel }

    package static func template(in templates: PageTemplates) -> Template<SignInPage> { templates.signIn }
    package var needs: PageNeeds { form.needs.showing(client) }
}

extension PageNeeds {
    /// With the client's logo.
    func showing(_ client: ClientCard?) -> PageNeeds {
        var needs = self
        if let logo = client?.logo { needs.images.append(logo) }
        return needs
    }
}
