// RegisterPage: a new account. Posts `username`, `email`, `password`; what was wrong with each stands at its field.

/// The registration page.
package struct RegisterPage: WebPage {
    package var form: PageForm
    package var client: ClientCard?
    package var username: String
    package var email: String
    package var problem: Problem?
    package var usernameProblem: UsernameProblem?
    package var emailProblem: EmailProblem?
    package var passwordProblem: PasswordProblem?
    /// Where those who have an account sign in.
    package var signIn: PageLink

    /// What is wrong with the whole.
    package enum Problem: String, Sendable, CaseIterable {
        /// Something is wrong with the fields: see there.
        case fields
        case expired
        case tooManyAttempts = "too_many_attempts"
        case closed
        case unavailable
    }

    /// What is wrong with the username: the codes of `Accounts`.
    package enum UsernameProblem: String, Sendable, CaseIterable {
        case required, invalid, taken
        case tooLong = "too_long"
    }

    /// What is wrong with the e-mail address.
    package enum EmailProblem: String, Sendable, CaseIterable {
        case invalid
        case tooLong = "too_long"
    }

    /// What is wrong with the password.
    package enum PasswordProblem: String, Sendable, CaseIterable {
        case required
        case tooShort = "too_short"
        case tooLong = "too_long"
        case tooSimilar = "too_similar"
        case tooCommon = "too_common"
        /// A rule that has no text of its own here.
        case invalid
    }

    package init(
        form: PageForm, client: ClientCard? = nil, username: String = "", email: String = "", problem: Problem? = nil,
        usernameProblem: UsernameProblem? = nil, emailProblem: EmailProblem? = nil, passwordProblem: PasswordProblem? = nil,
        signIn: PageLink
    ) {
        self.form = form
        self.client = client
        self.username = username
        self.email = email
        self.problem = problem
        self.usernameProblem = usernameProblem
        self.emailProblem = emailProblem
        self.passwordProblem = passwordProblem
        self.signIn = signIn
    }

    package static let name = "register"
    package static let fields = Fields<RegisterPage>()
        .form { $0.form }
        .client { $0.client }
        .text("username") { $0.username }
        .text("email") { $0.email }
        .choice("problem") { $0.problem }
        .choice("username_problem") { $0.usernameProblem }
        .choice("email_problem") { $0.emailProblem }
        .choice("password_problem") { $0.passwordProblem }
        // Where typing goes on: the first field that is wrong.
        .flag("starts_at_username") { $0.usernameProblem != nil || ($0.emailProblem == nil && $0.passwordProblem == nil) }
        .flag("starts_at_email") { $0.usernameProblem == nil && $0.emailProblem != nil }
        .flag("starts_at_password") { $0.usernameProblem == nil && $0.emailProblem == nil && $0.passwordProblem != nil }
        .link("sign_in") { $0.signIn }

    package static func template(in templates: PageTemplates) -> Template<RegisterPage> { templates.register }
    package var needs: PageNeeds { form.needs.showing(client) }
}
