// TokenRoutes: register, login, refresh, verify, blacklist: tokens given, looked at and taken back by those who hold them.

import Accounts
import HTTP
import MartletEncoding
import MartletJOSE
import MartletVerifier
import ResourceServer
import Store
import Tokens

struct TokenRoutes: Sendable {
    let services: Services

    /// `POST /auth/register`.
    func register(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let wanted = try WantedTokens(body, request, services)
        let candidate: Registration.Candidate
        let (username, password, email) = (try body.string("username") ?? "", try body.string("password") ?? "", try body.string("email"))
        do throws(AccountError) {
            candidate = try services.registration.candidate(username: username, password: password, email: email)
        } catch {
            throw Refusal(error)
        }
        return services.register(candidate, scope: wanted.scope, audience: wanted.audience, for: request) { tokens, now in
            loggedIn(.created, wanted, at: now, tokens)
        }
    }

    /// `POST /auth/login`.
    func login(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let wanted = try WantedTokens(body, request, services)
        let name: LoginName
        switch (try body.string("username"), try body.string("email")) {
        case (let username?, nil): name = .username(username)
        case (nil, let email?): name = .email(email)
        default: throw .invalid([FieldProblem("username", "required", "Either username or email is needed, not both.")])
        }
        return try services.logIn(
            name, password: try body.required("password"), scope: wanted.scope, audience: wanted.audience, for: request
        ) { tokens, now in
            loggedIn(.ok, wanted, at: now, tokens)
        }
    }

    /// `POST /auth/refresh`. The signature is checked here on the loop; the rest is one verb of the store.
    func refresh(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request, mayBeEmpty: true)
        let (text, transport) = try presented(body, request)
        let audience = try WantedTokens.audience(body)
        let now = request.receivedAt
        return try services.refresh(services.refreshToken(text, at: now), audience: audience, for: request) { result throws(Refusal) in
            let (tokens, isRetry) = try refusing { () throws(TokenFailure) in try result.get() }
            return .respond(
                respond(.ok, tokens, transport, at: now) { writer in
                    writer.member("refresh_reason", isRetry ? "retry" : "rotated")
                })
        }
    }

    /// `POST /auth/verify`: what the API would say of a token.
    func verify(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try JSONBody(request).required("token").utf8)
        let now = request.receivedAt
        do throws(VerificationFailure) {
            let token = try services.anyAudience.verify(text, at: now)
            guard token.isFromOldIssuer else { return .respond(Self.active("access", token.claims.json)) }
            return hop(to: .worker) { () throws(Refusal) in
                _ = try services.oldAccount(of: token, at: now)
                return .respond(Self.active("access", token.claims.json))
            }
        } catch {
            guard error == .wrongType else { throw Refusal(error) }
        }
        let refresh = try services.refreshToken(text, orRefusing: .wrongType, at: now)
        return hop(to: .worker) { () throws(Refusal) in
            guard try services.isLive(refresh, at: request.receivedAt) else { throw Refusal(TokenFailure.sessionEnded) }
            return .respond(Self.active("refresh", refresh.claims))
        }
    }

    /// `POST /auth/blacklist`: whoever holds a token may end it.
    func blacklist(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try JSONBody(request).required("token").utf8)
        let target: RevocationTarget
        do throws(VerificationFailure) {
            let token = try services.anyAudience.examine(text, at: request.receivedAt)
            target = try .init(ending: token)
        } catch {
            if error == .expired || error == .revoked { return .respond(.noContent) }
            guard error == .wrongType else { throw Refusal(error) }
            let refresh: PresentedToken
            do throws(TokenFailure) {
                refresh = try services.sessions.presented(text, at: request.receivedAt)
            } catch {
                if error == .expired { return .respond(.noContent) }
                throw Refusal(VerificationFailure.wrongType)
            }
            return services.end(refresh, request, reason: "blacklisted by its holder", audit: AuditContext(request)) { _ in .noContent }
        }
        let audit = AuditContext(request)
        let now = request.receivedAt
        return services.commit(for: request) { transaction throws(StoreError) in
            _ = try transaction.revoke(target, reason: "blacklisted by its holder", audit: audit, at: now)
        } then: { _ in
            .noContent
        }
    }

    /// Where the refresh token came from, and so where the next one goes.
    private func presented(_ body: JSONBody, _ request: Request) throws(Refusal) -> ([UInt8], TokenTransport) {
        let transport = try TokenTransport(body)
        if let text = try body.string("refresh") {
            if transport == .cookie { try services.cookie.requireOwnOrigin(request) }
            return (Array(text.utf8), transport ?? .body)
        }
        guard let text = services.cookie.token(in: request) else {
            throw .invalid([FieldProblem("refresh", "required", "A refresh token is needed, here or in its cookie.")])
        }
        try services.cookie.requireOwnOrigin(request)
        guard transport != .body else {
            throw .invalidRequest("A refresh token that came by cookie is answered by cookie.")
        }
        return (Array(text.utf8), .cookie)
    }

    private func loggedIn(_ status: Status, _ wanted: WantedTokens, at now: UnixTime, _ tokens: SessionTokens) -> Outcome {
        .respond(
            respond(status, tokens, wanted.transport, at: now) { writer in
                writer.name("user")
                writer.object { Representation.write(tokens.user, to: &$0) }
            })
    }

    /// The session body of the contract.
    private func respond(
        _ status: Status, _ tokens: SessionTokens, _ transport: TokenTransport, at now: UnixTime, more: (inout JSONWriter) -> Void
    ) -> Response {
        let refreshSeconds = max(tokens.session.refreshExpiresAt.seconds - now.seconds, 0)
        let body = JSONWriter.object(capacity: 1536) { writer in
            writer.member("access", tokens.access.text)
            if transport == .body { writer.member("refresh", tokens.refresh) }
            writer.member("token_type", "Bearer")
            writer.member("expires_in", max(tokens.access.expiresAt.seconds - now.seconds, 0))
            writer.member("refresh_expires_in", refreshSeconds)
            more(&writer)
        }
        let response = Response.privateJSON(status, body)
        guard transport == .cookie else { return response }
        return response.adding(.setCookie, services.cookie.setting(tokens.refresh, seconds: refreshSeconds))
    }

    private static func active(_ type: String, _ claims: [UInt8]) -> Response {
        .privateJSON(
            .ok,
            JSONWriter.object(capacity: 640) { writer in
                writer.member("active", true)
                writer.member("token_type", type)
                writer.name("claims")
                writer.raw(claims)
            })
    }
}

/// How a refresh token travels.
enum TokenTransport: String, Sendable {
    case body, cookie

    /// What the body asks for; nil when it does not say.
    init?(_ body: JSONBody) throws(Refusal) {
        guard let text = try body.string("transport") else { return nil }
        guard let transport = TokenTransport(rawValue: text) else {
            throw .invalid([FieldProblem("transport", "invalid", "It must be body or cookie.")])
        }
        self = transport
    }
}

/// What a login or registration asks for besides being let in.
struct WantedTokens: Sendable {
    let scope: String
    let audience: String?
    let transport: TokenTransport

    init(_ body: JSONBody, _ request: Request, _ services: Services) throws(Refusal) {
        guard let scope = FirstPartyScope.requested(try body.string("scope")) else {
            let names = FirstPartyScope.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid([FieldProblem("scope", "invalid", "Some of \(names), separated by spaces.")])
        }
        self.scope = scope
        audience = try Self.audience(body)
        transport = try TokenTransport(body) ?? .body
        if transport == .cookie { try services.cookie.requireOwnOrigin(request) }
    }

    /// An audience is a StringOrURI (RFC 7519 §2); here 1 to 256 visible ASCII characters.
    static func audience(_ body: JSONBody) throws(Refusal) -> String? {
        guard let text = try body.string("audience") else { return nil }
        guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid([FieldProblem("audience", "invalid", "The address of one API, 1 to 256 characters.")])
        }
        return text
    }
}

extension Services {
    /// Ends the session of a refresh token, or that of one of the service before, which is not exchanged any more. False to `respond`
    /// when that was so before, or the session is not of this token.
    func end(
        _ token: PresentedToken, _ request: Request, reason: String, audit: AuditContext,
        then respond: @escaping @Sendable (Bool) throws(Refusal) -> Response
    ) -> Outcome {
        let now = request.receivedAt
        return commit(for: request) { transaction throws(StoreError) -> Bool in
            switch token {
            case .own(let token):
                guard token.isOf(try transaction.session(token.session, at: now)) else { return false }
                // Whose it is, the row says: a client's token does not.
                let target = RevocationTarget.session(token.session, ofUser: nil)
                return try transaction.revoke(target, reason: reason, audit: audit, at: now) != nil
            case .old(let token):
                return try transaction.blacklistOldToken(token.id, until: token.expiresAt, reason: reason, audit: audit, at: now)
                    != .alreadyDone
            }
        } then: { hasEnded throws(Refusal) in
            try respond(hasEnded)
        }
    }

    /// Whether a refresh token would be taken: its session lives, or it can still be exchanged. With `keepingToken`, as for
    /// ``refresh(_:keepingToken:audience:for:then:)``, an exchanged one is as good as its session. Blocks: for a worker.
    func isLive(_ token: PresentedToken, keepingToken: Bool = false, at now: UnixTime) throws(Refusal) -> Bool {
        try read { reads throws(StoreError) in
            switch token {
            case .own(let token): return token.isOf(try reads.session(token.session, at: now))
            case .old(let token):
                guard try reads.user(externalID: token.token.user)?.isActive == true else { return false }
                switch try reads.state(of: token.token, at: now) {
                case .unused: return true
                case .ended: return false
                case .exchanged(let session): return keepingToken ? try reads.session(session, at: now) != nil : false
                }
            }
        }
    }
}
