// LogoutRoutes: the logout endpoint (OpenID Connect RP-Initiated Logout 1.0). A client sends a browser here; the person is asked, unless
// the client's ID token proves that it means this very sign-in; then the sign-in ends, with what came from it, and its clients are told.
//
//     GET ──▶ nobody signed in ─────────────────────────▶ back, or the page of the end
//         ├─▶ an ID token of this sign-in ──▶ sign out ─▶ the same, without the cookie
//         └─▶ the question ──▶ POST with our form token, "sign_out" or "stay"
//     POST without a form token: a client's (§2) ──▶ GET, which the browser's cookie comes along with

import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer
import Store
import Tokens

struct LogoutRoutes: Sendable {
    let services: Services

    /// `GET /oauth2/logout`.
    func begin(_ request: Request) throws(Refusal) -> Outcome {
        let query = request.target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst()
        return handle(request, Array(query)[...]) { asked, client throws(Refusal) in
            try answer(asked, client, request)
        }
    }

    /// `POST /oauth2/logout`: the answer to the question; without a form token, a client's request.
    func post(_ request: Request) throws(Refusal) -> Outcome {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            return .respond(page(OAuthError(.invalidRequest, "The body must be application/x-www-form-urlencoded."), request))
        }
        let form: (token: String?, decision: String?)
        do throws(OAuthError) {
            let parameters = try OAuthParameters(parsing: request.body[...])
            form = (try parameters["form_token"], try parameters["decision"])
        } catch {
            return .respond(page(error, request))
        }
        return handle(request, request.body[...]) { asked, client throws(Refusal) in
            // A cookie of ours does not come along when another site posts here (SameSite=Lax); it does when that leads to a GET.
            guard let token = form.token else { return .respond(.onwards(to: Self.path + Self.query(asked))) }
            guard services.formTokens.accepts(token, for: cookie.value(in: request), in: request), let decision = form.decision else {
                return try answer(asked, client, request)
            }
            guard decision == "sign_out" else { return .respond(.onwards(to: asked.destination(in: client) ?? "/")) }
            guard let signedIn = try services.signedIn(request) else { return .respond(end(asked, client, [], request)) }
            return try signOut(signedIn, asked, client, request)
        }
    }

    /// The members of metadata (OpenID Connect RP-Initiated Logout 1.0 §2.1, Back-Channel §2.1, Front-Channel §3).
    static func writeMetadata(issuer: String, to writer: inout JSONWriter) {
        writer.member("end_session_endpoint", issuer + path)
        writer.member("backchannel_logout_supported", true)
        writer.member("backchannel_logout_session_supported", true)
        writer.member("frontchannel_logout_supported", true)
        writer.member("frontchannel_logout_session_supported", true)
    }

    static let path = "/oauth2/logout"

    // MARK: Steps

    private typealias Step = @Sendable (LogoutRequest, Client?) throws(Refusal) -> Outcome

    /// Goes on with what is asked and the client that asks, on a lane that may block. A client that cannot be found now proves nothing.
    private func handle(_ request: Request, _ parameters: ArraySlice<UInt8>, _ step: @escaping Step) -> Outcome {
        let asked: LogoutRequest
        do throws(OAuthError) {
            asked = try LogoutRequest(try OAuthParameters(parsing: parameters), of: services.oauth)
        } catch {
            return .respond(page(error, request))
        }
        let now = request.receivedAt
        guard let id = asked.clientID else { return hop(to: .worker) { () throws(Refusal) in try step(asked, nil) } }
        switch services.clients.cached(id, at: now) {
        case .known(let client): return hop(to: .worker) { () throws(Refusal) in try step(asked, client) }
        case .absent: return hop(to: .worker) { () throws(Refusal) in try step(asked, nil) }
        case .unknown:
            return hop(to: services.clients.isElsewhere(id) ? .outbound : .worker) { () throws(Refusal) in
                try step(asked, (try? services.clients.load(id, at: now)) ?? nil)
            }
        }
    }

    private func answer(_ asked: LogoutRequest, _ client: Client?, _ request: Request) throws(Refusal) -> Outcome {
        guard let signedIn = try services.signedIn(request) else {
            // There was nobody to ask, so nobody agreed to go on to where the request says: an ID token proves at least that the client
            // had somebody here. Without one it is a link, or this would redirect for whoever registered.
            return .respond(end(asked, client, [], request, mayRedirect: asked.hint != nil))
        }
        guard services.oauth.isProven(asked, of: signedIn.session, by: client) else {
            return .respond(question(asked, client, signedIn, request))
        }
        return try signOut(signedIn, asked, client, request)
    }

    /// Everything that came from the sign-in ends with it, in one transaction that also leaves the notices for its clients.
    private func signOut(
        _ signedIn: SignedIn, _ asked: LogoutRequest, _ client: Client?, _ request: Request
    ) throws(Refusal) -> Outcome {
        let frames = try frontChannel(of: signedIn.session, at: request.receivedAt)
        let (hash, now) = (signedIn.session.cookieHash, request.receivedAt)
        let audit = AuditContext(request, actor: .user(signedIn.user.id))
        return services.commit(for: request) { transaction throws(StoreError) in
            _ = try transaction.endBrowserSession(cookieHash: hash, andSessions: true, audit: audit, at: now)
        } then: { _ in
            end(asked, client, frames, request).adding(.setCookie, cookie.clearing)
        }
    }

    // MARK: Answers

    private func question(_ asked: LogoutRequest, _ client: Client?, _ signedIn: SignedIn, _ request: Request) -> Response {
        guard let value = cookie.value(in: request), let action = PageLink(Self.path) else { return end(asked, client, [], request) }
        let form = PageForm(
            action: action, token: services.formTokens.token(for: value), hidden: asked.given.map { HiddenField($0.name, $0.value) },
            redirect: asked.destination(in: client).flatMap { PageLink(redirectURI: $0) })
        let page = SignOutPage(form: form, username: signedIn.user.username, client: client.map { ClientCard($0) })
        return services.pages.answer(.ok, page, in: texts(asked, request))
    }

    /// Back to the client, unless frames of other clients have to be shown first, or nobody agreed.
    private func end(
        _ asked: LogoutRequest, _ client: Client?, _ frames: [PageLink], _ request: Request, mayRedirect: Bool = true
    ) -> Response {
        let destination = asked.destination(in: client)
        if mayRedirect, frames.isEmpty, let destination { return .onwards(to: destination) }
        let back = destination.flatMap { PageLink(redirectURI: $0) }
        let page = SignedOutPage(client: back == nil ? nil : client.map { ClientCard($0) }, back: back, frontChannel: frames)
        return services.pages.answer(.ok, page, in: texts(asked, request))
    }

    private func frontChannel(of session: BrowserSession, at now: UnixTime) throws(Refusal) -> [PageLink] {
        let entered = try services.read { reads throws(StoreError) in try reads.clients(ofBrowserSession: session.id) }
        let links = entered.compactMap { entry -> PageLink? in
            guard let client = services.clients.here(entry.clientID, at: now) else { return nil }
            return services.oauth.frontChannelAddress(of: client, entry.signIn).flatMap { PageLink($0) }
        }
        return Array(links.prefix(Self.maximumFrames))
    }

    private func page(_ error: OAuthError, _ request: Request) -> Response {
        let page = ErrorPage(.invalidRequest, detail: "\(error.code.rawValue): \(error.description)", requestID: request.id.description)
        return services.pages.answer(.badRequest, page, in: services.pages.texts(for: request))
    }

    private func texts(_ asked: LogoutRequest, _ request: Request) -> Texts {
        services.pages.texts(for: request, uiLocales: asked.uiLocales)
    }

    private var cookie: BrowserCookie { BrowserCookie(.session, issuer: services.issuer) }

    private static func query(_ asked: LogoutRequest) -> String {
        guard !asked.given.isEmpty else { return "" }
        return "?" + asked.given.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }

    /// Frames on one page.
    private static let maximumFrames = 32
}
