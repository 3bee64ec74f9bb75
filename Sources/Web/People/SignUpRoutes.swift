// SignUpRoutes: an account for somebody who came without one, and the browser signed in to it. Only while registration is open.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer

struct SignUpRoutes: Sendable {
    let services: Services

    static let path = "/oauth2/sign-up"

    /// `GET /oauth2/sign-up`.
    func show(_ request: Request) throws(Refusal) -> Outcome {
        try asked(try request.query("next"), request) { asked in page(asked, request) }
    }

    /// `POST /oauth2/sign-up`.
    func make(_ request: Request) throws(Refusal) -> Outcome {
        let form = try services.posted(request)
        return try asked(form["next"], request) { asked throws(Refusal) in
            let filled = Filled(username: form["username"] ?? "", email: form["email"] ?? "")
            guard form.isOurs else { return page(asked, request, .forbidden, filled, .expired) }
            let candidate: Registration.Candidate
            do throws(AccountError) {
                candidate = try services.registration.candidate(
                    username: filled.username, password: form["password"] ?? "", email: filled.email.isEmpty ? nil : filled.email)
            } catch {
                return page(asked, request, refused: error, filled)
            }
            return services.signUp(candidate, over: asked.signedIn, for: request) { error in
                page(asked, request, refused: error, filled)
            } then: { cookie in
                services.redirect(to: asked.destination.path, cookie: cookie)
            }
        }
    }

    /// What the page is for.
    private struct Asked: Sendable {
        let destination: SignInDestination
        let visit: AuthorizationVisit?
        let signedIn: SignedIn?
    }

    /// What stands in the fields already.
    private struct Filled: Sendable {
        var username = ""
        var email = ""
    }

    private func asked(
        _ next: String?, _ request: Request, _ body: @escaping @Sendable (Asked) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        guard services.registration.isOpen else {
            return services.errorPage(.notFound, .notFound, detail: "Registration is closed.", for: request)
        }
        guard let destination = next.flatMap({ SignInDestination($0) }) else {
            return services.errorPage(.badRequest, .invalidRequest, detail: "next is not a page to go on to.", for: request)
        }
        switch destination {
        case .page:
            return hop(to: .worker) { () throws(Refusal) in
                try body(Asked(destination: destination, visit: nil, signedIn: try services.signedIn(request)))
            }
        case .authorize(let query):
            return try services.visit(query, of: request) { visit throws(Refusal) in
                try body(Asked(destination: services.destination(visit), visit: visit, signedIn: try services.signedIn(request)))
            }
        }
    }

    private func page(_ asked: Asked, _ request: Request, refused error: AccountError, _ filled: Filled) -> Outcome {
        switch error {
        case .invalid(let problems): return page(asked, request, Status(422), filled, .fields, problems)
        case .weakPassword(let problem): return page(asked, request, Status(422), filled, .fields, [problem])
        case .usernameTaken: return page(asked, request, Status(422), filled, .fields, [FieldProblem("username", "taken", "")])
        case .emailTaken: return page(asked, request, Status(422), filled, .fields, [FieldProblem("email", "invalid", "")])
        case .rateLimited(let seconds): return page(asked, request, .tooManyRequests, filled, .tooManyAttempts, retryAfter: seconds)
        default: return page(asked, request, .serviceUnavailable, filled, .unavailable, retryAfter: 5)
        }
    }

    private func page(
        _ asked: Asked, _ request: Request, _ status: Status = .ok, _ filled: Filled = Filled(), _ problem: RegisterPage.Problem? = nil,
        _ problems: [FieldProblem] = [], retryAfter: Int? = nil
    ) -> Outcome {
        guard let action = PageLink(Self.path), let signIn = PageLink(asked.destination.after(SignInRoutes.path) ?? SignInRoutes.path)
        else {
            return services.errorPage(.internalServerError, .internalError, for: request)
        }
        let (token, cookie) = services.formToken(for: asked.signedIn, request)
        let answer = asked.visit?.asked.answer
        func code(_ field: String) -> String? { problems.first { $0.field == field }?.code }
        let page = RegisterPage(
            form: PageForm(
                action: action, token: token, hidden: [HiddenField("next", asked.destination.path)],
                redirect: answer.flatMap { PageLink(redirectURI: $0.redirectURI) }),
            client: asked.visit.map { ClientCard($0.asked.client) }, username: filled.username, email: filled.email, problem: problem,
            usernameProblem: code("username").map { RegisterPage.UsernameProblem(rawValue: $0) ?? .invalid },
            emailProblem: code("email").map { RegisterPage.EmailProblem(rawValue: $0) ?? .invalid },
            passwordProblem: code("password").map { RegisterPage.PasswordProblem(rawValue: $0) ?? .invalid }, signIn: signIn)
        return services.page(status, page, for: request, locales: asked.visit?.locales, cookie: cookie, retryAfter: retryAfter)
    }
}
