// DeviceRoutes: devices ask for codes, and their owners answer (RFC 8628 §3.1 and §3.3).
//
//     code page ──▶ the code in the address ──▶ sign-in, unless somebody is ──▶ confirm page ──▶ allow or deny ──▶ done
//                         ▲ verification_uri_complete
//
// A code is looked for only for somebody who is signed in, so that guesses are somebody's (§5.1). However the code came here, it is shown
// again to be compared, and nothing is allowed but by the form of that page (§5.4). What was allowed is not remembered: the next device
// is another one.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer
import Store
import Tokens

struct DeviceRoutes: Sendable {
    let services: Services

    /// `POST /oauth2/device_authorization`.
    func authorize(_ request: Request) throws(Refusal) -> Outcome {
        try services.asProvenClient(request) { parameters, client, proof throws(OAuthError) in
            let pending = try services.oauth.authorizeDevice(
                parameters, of: client, proofKey: proof?.thumbprint, from: services.client(request).address, at: request.receivedAt)
            return services.commit(for: request) { transaction throws(StoreError) in
                try pending.keep(in: transaction)
            } then: { kept throws(Refusal) in
                guard let kept else { throw Refusal(OAuthError(.temporarilyUnavailable, "No code is free; try again.")) }
                return .privateJSON(answer(kept))
            }
        }
    }

    /// `GET /oauth2/device`.
    func show(_ request: Request) throws(Refusal) -> Outcome {
        .respond(
            page(for: request) { texts throws(Refusal) in
                guard let typed = try request.query("user_code") else { return codePage(request, texts) }
                return try confirmPage(typed, request, texts)
            })
    }

    /// `POST /oauth2/device`: a code that was typed, or the answer about one.
    func submit(_ request: Request) throws(Refusal) -> Outcome {
        let texts = services.pages.texts(for: request)
        let form: Form
        do throws(Refusal) { form = try Form(request) } catch { return .respond(errorPage(error, request, texts)) }
        guard services.formTokens.accepts(form.token, for: browser(of: request), in: request) else {
            // Not from this browser, or from before it signed in: the person looks at the page once more.
            return .respond(codePage(request, texts, .forbidden, code: form.code ?? ""))
        }
        guard let code = form.code.flatMap({ UserCode(parsing: $0) }) else {
            return .respond(codePage(request, texts, .badRequest, code: form.code ?? "", .unknown))
        }
        guard let isAllowed = form.isAllowed else { return .respond(.onwards(to: Self.address(of: code))) }
        return try decide(code, isAllowed, request, texts)
    }

    // MARK: The steps

    private func confirmPage(_ typed: String, _ request: Request, _ texts: Texts) throws(Refusal) -> Response {
        guard let code = UserCode(parsing: typed) else { return codePage(request, texts, .badRequest, code: typed, .unknown) }
        guard let person = try services.signedIn(request) else { return .onwards(to: Self.signIn(for: code)) }
        switch try find(code, for: person, request, texts) {
        case .failure(let page): return page.response
        case .success(let device):
            return answer(request, texts, .ok) { form in
                DeviceConfirmPage(
                    form: form([HiddenField("user_code", "\(code)")]), client: ClientCard(device.client), code: "\(code)",
                    username: person.user.username, switchAccount: PageLink(Self.signIn(for: code)),
                    scopes: services.lines(of: device.scope, in: texts),
                    resources: device.resources)
            }
        }
    }

    private func decide(_ code: UserCode, _ isAllowed: Bool, _ request: Request, _ texts: Texts) throws(Refusal) -> Outcome {
        guard let person = try services.signedIn(request) else { return .respond(.onwards(to: Self.signIn(for: code))) }
        let device: WaitingDevice
        switch try find(code, for: person, request, texts) {
        case .failure(let page): return .respond(page.response)
        case .success(let found): device = found
        }
        let decision = isAllowed ? device.approval(by: person) : .deny
        let (audit, now) = (AuditContext(request, actor: .user(person.user.id)), request.receivedAt)
        return services.commit(for: request) { transaction throws(StoreError) in
            // The sign-in may be over since it was looked at, with all that it had allowed.
            guard try transaction.browserSession(cookieHash: person.session.cookieHash, at: now) != nil else { return false }
            return try transaction.decideDeviceRequest(userCodeHash: code.hash, decision, audit: audit, at: now)
        } then: { wasWaiting in
            guard wasWaiting else { return codePage(request, texts, .notFound, code: "\(code)", .unknown) }
            return services.pages.answer(.ok, DeviceDonePage(client: ClientCard(device.client), isAllowed: isAllowed), in: texts)
        }
    }

    private struct NoDevice: Error { let response: Response }

    /// The device that waits with a code, or the page that says that there is none.
    private func find(
        _ code: UserCode, for person: SignedIn, _ request: Request, _ texts: Texts
    ) throws(Refusal) -> Result<WaitingDevice, NoDevice> {
        do throws(AccountError) {
            let device = try services.oauth.device(
                waitingWith: code, for: person.user.id, from: services.client(request).address, at: request.receivedAt)
            if let device { return .success(device) }
            return .failure(NoDevice(response: codePage(request, texts, .notFound, code: "\(code)", .unknown)))
        } catch {
            guard case .rateLimited(let seconds) = error else { throw Refusal(error) }
            let page = codePage(request, texts, .tooManyRequests, code: "\(code)", .tooManyAttempts)
            return .failure(NoDevice(response: page.adding(.retryAfter, "\(seconds)")))
        }
    }

    // MARK: Pages

    private func codePage(
        _ request: Request, _ texts: Texts, _ status: Status = .ok, code: String = "", _ problem: DeviceCodePage.Problem? = nil
    ) -> Response {
        let shown = String(decoding: code.utf8.prefix(32), as: UTF8.self)
        return answer(request, texts, status) { form in DeviceCodePage(form: form([]), code: shown, problem: problem) }
    }

    /// A page with a form, which is bound to the browser by the cookie that it has or gets.
    private func answer<Page: WebPage>(
        _ request: Request, _ texts: Texts, _ status: Status, _ page: (([HiddenField]) -> PageForm) -> Page
    ) -> Response {
        let known = browser(of: request)
        let value = known ?? BrowserCookie.Value(random: services.random)
        let token = services.formTokens.token(for: value)
        let response = services.pages.answer(status, page { PageForm(action: Self.action, token: token, hidden: $0) }, in: texts)
        return known == nil ? response.adding(.setCookie, visitor.setting(value)) : response
    }

    private func page(for request: Request, _ body: (Texts) throws(Refusal) -> Response) -> Response {
        let texts = services.pages.texts(for: request)
        do throws(Refusal) { return try body(texts) } catch { return errorPage(error, request, texts) }
    }

    private func errorPage(_ refusal: Refusal, _ request: Request, _ texts: Texts) -> Response {
        let isOurs = refusal.status.code >= 500
        return services.pages.answer(
            refusal.status,
            ErrorPage(
                isOurs ? .unavailable : .invalidRequest, detail: isOurs ? nil : refusal.detail, requestID: request.id.description,
                retry: Self.action), in: texts)
    }

    /// What the browser is known by: who is signed in, else the mark of a visitor.
    private func browser(of request: Request) -> BrowserCookie.Value? {
        BrowserCookie(.session, issuer: services.issuer).value(in: request) ?? visitor.value(in: request)
    }

    private var visitor: BrowserCookie { BrowserCookie(.visitor, issuer: services.issuer) }

    // MARK: Addresses

    /// RFC 8628 §3.2.
    private func answer(_ device: DeviceAuthorization) -> [UInt8] {
        JSONWriter.object(capacity: 384) { writer in
            writer.member("device_code", device.deviceCode)
            writer.member("user_code", "\(device.userCode)")
            writer.member("verification_uri", services.issuer + DeviceAuthorization.path)
            writer.member("verification_uri_complete", services.issuer + Self.address(of: device.userCode))
            writer.member("expires_in", DeviceAuthorization.lifetime)
            writer.member("interval", DeviceAuthorization.interval)
        }
    }

    private static func address(of code: UserCode) -> String { "\(DeviceAuthorization.path)?user_code=\(code)" }

    private static func signIn(for code: UserCode) -> String { "\(SignInRoutes.path)?next=\(PercentEncoding.encode(address(of: code)))" }

    private static let action = PageLink(own: "/oauth2/device")
}

/// What the pages post.
private struct Form {
    let code: String?
    let token: String?
    /// Nil where only a code was typed.
    let isAllowed: Bool?

    init(_ request: Request) throws(Refusal) {
        do throws(OAuthError) {
            guard request.contentType == "application/x-www-form-urlencoded" else {
                throw OAuthError(.invalidRequest, "The body must be application/x-www-form-urlencoded.")
            }
            let parameters = try OAuthParameters(parsing: request.body[...])
            (code, token) = (try parameters["user_code"], try parameters["form_token"])
            switch try parameters["decision"] {
            case nil: isAllowed = nil
            case "allow": isAllowed = true
            case "deny": isAllowed = false
            case _?: throw OAuthError(.invalidRequest, "decision is allow or deny.")
            }
        } catch {
            throw Refusal(error)
        }
    }
}
