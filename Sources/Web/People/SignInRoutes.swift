// SignInRoutes: name and password for a browser. `next` says where it goes on, and with that who sent the person, and whether somebody who
// is signed in proves it once more.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer
import Store

struct SignInRoutes: Sendable {
    let services: Services

    static let path = "/oauth2/sign-in"

    /// `GET /oauth2/sign-in`.
    func show(_ request: Request) throws(Refusal) -> Outcome {
        try asked(try request.query("next"), request) { asked throws(Refusal) in page(asked, request) }
    }

    /// `POST /oauth2/sign-in`.
    func check(_ request: Request) throws(Refusal) -> Outcome {
        let form = try services.posted(request)
        return try asked(form["next"], request) { asked throws(Refusal) in
            let username = asked.proving?.user.username ?? form["username"] ?? ""
            guard form.isOurs else { return page(asked, request, .forbidden, username, .expired) }
            if form["cancel"] != nil, let visit = asked.visit {
                return services.redirect(to: services.destination(visit, isCancelled: true).path)
            }
            guard !username.isEmpty, let password = form["password"] else {
                return page(asked, request, Status(422), username, .incomplete)
            }
            // Who proves it once more is who is signed in, whatever the form says.
            let name: LoginName = asked.proving.map { .username($0.user.username) } ?? .usernameOrEmail(username)
            return services.signIn(name, password: password, over: asked.signedIn, for: request) { error in
                let (status, problem, wait) = Self.problem(error)
                return page(asked, request, status, username, problem, retryAfter: wait)
            } then: { cookie in
                services.redirect(to: asked.destination.path, cookie: cookie)
            }
        }
    }

    /// What the page is for.
    private struct Asked: Sendable {
        let destination: SignInDestination
        /// The request that it is about; nil for another page's.
        let visit: AuthorizationVisit?
        let signedIn: SignedIn?
        /// Who is signed in, and has to prove it once more; nil where anybody may sign in.
        let proving: SignedIn?
    }

    private func asked(
        _ next: String?, _ request: Request, _ body: @escaping @Sendable (Asked) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        guard let destination = next.flatMap({ SignInDestination($0) }) else {
            return services.errorPage(.badRequest, .invalidRequest, detail: "next is not a page to go on to.", for: request)
        }
        switch destination {
        case .page:
            return hop(to: .worker) { () throws(Refusal) in
                try body(Asked(destination: destination, visit: nil, signedIn: try services.signedIn(request), proving: nil))
            }
        case .authorize(let query):
            return try services.visit(query, of: request) { visit throws(Refusal) in
                let signedIn = try services.signedIn(request)
                let step = try services.step(visit, signedIn, hasAllowed: false, at: request.receivedAt)
                return try body(
                    Asked(
                        destination: services.destination(visit), visit: visit, signedIn: signedIn,
                        proving: step == .signInAgain ? signedIn : nil))
            }
        }
    }

    private func page(
        _ asked: Asked, _ request: Request, _ status: Status = .ok, _ username: String? = nil, _ problem: SignInPage.Problem? = nil,
        retryAfter: Int? = nil
    ) -> Outcome {
        guard let action = PageLink(Self.path) else { return services.errorPage(.internalServerError, .internalError, for: request) }
        let (token, cookie) = services.formToken(for: asked.signedIn, request)
        let answer = asked.visit?.asked.answer
        let mayRegister = services.registration.isOpen && asked.proving == nil
        let page = SignInPage(
            form: PageForm(
                action: action, token: token, hidden: [HiddenField("next", asked.destination.path)],
                redirect: answer.flatMap { PageLink(redirectURI: $0.redirectURI) }),
            client: asked.visit.map { ClientCard($0.asked.client) },
            username: username ?? asked.proving?.user.username ?? asked.visit?.asked.loginHint ?? "",
            isReauthentication: asked.proving != nil, problem: problem,
            register: mayRegister ? asked.destination.after(SignUpRoutes.path).flatMap { PageLink($0) } : nil,
            canCancel: asked.visit != nil)
        return services.page(status, page, for: request, locales: asked.visit?.locales, cookie: cookie, retryAfter: retryAfter)
    }

    private static func problem(_ error: AccountError) -> (Status, SignInPage.Problem, Int?) {
        switch error {
        case .rateLimited(let seconds): (.tooManyRequests, .tooManyAttempts, seconds)
        case .store: (.serviceUnavailable, .unavailable, 5)
        default: (Status(422), .invalidCredentials, nil)
        }
    }
}
