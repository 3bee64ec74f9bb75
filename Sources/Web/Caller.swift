// Caller: who a request comes from, by its bearer token (RFC 6750 §2.1), and what of it audit and sessions remember.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

/// Somebody with a valid access token for these APIs.
struct Caller: Sendable {
    let token: VerifiedToken
    let user: UserID
    private let request: Request

    fileprivate init(_ token: VerifiedToken, _ user: UserID, _ request: Request) {
        self.token = token
        self.user = user
        self.request = request
    }

    /// The session that the token belongs to; nil for a token without one.
    var session: SessionID? { token.sessionID.map { Session.id(ofAccessSessionID: $0) } }

    /// Who asks, for the audit trail. Made when it is asked for: most calls change nothing.
    var audit: AuditContext { AuditContext(request, actor: .user(user)) }
}

extension Services {
    /// The caller, who must have `scope`. Verified in memory: may run on a loop.
    ///
    /// Throws 401 without a good token and 403 without the scope.
    func caller(_ request: Request, _ scope: FirstPartyScope = .account) throws(Refusal) -> Caller {
        let text = try request.bearerToken(schemes)
        do throws(VerificationFailure) { return try caller(bearing: text, request, scope) } catch { throw Refusal(error) }
    }

    /// Whoever bears a token, which must have `scope`. Throws what is wrong with it.
    func caller(
        bearing token: ArraySlice<UInt8>, _ request: Request, _ scope: FirstPartyScope = .account
    ) throws(VerificationFailure) -> Caller {
        let token = try verifier.verify(token, at: request.receivedAt)
        guard token.hasScope(scope.rawValue) else { throw .insufficientScope(scope.rawValue) }
        guard let subject = token.subject else { throw .missingClaim("sub") }
        return Caller(token, UserID(subject), request)
    }

    /// Goes on, on a worker, if the caller has the scope `admin` and the store says that they hold the role now.
    func asAdministrator(_ request: Request, _ body: @escaping @Sendable (Caller) throws(Refusal) -> Outcome) throws(Refusal) -> Outcome {
        let caller = try caller(request, .admin)
        return hop(to: .worker) { () throws(Refusal) in
            let user = try read { reads throws(StoreError) in try reads.user(caller.user) }
            guard let user, user.isAdministrator else { throw .notAdministrator }
            return try body(caller)
        }
    }

    /// The bearer token of a request, verified.
    func verified(_ request: Request, by verifier: TokenVerifier) throws(Refusal) -> VerifiedToken {
        let text = try request.bearerToken(schemes)
        do throws(VerificationFailure) {
            return try verifier.verify(text, at: request.receivedAt)
        } catch {
            throw Refusal(error)
        }
    }

    /// Who asks, for sessions and limits.
    func client(_ request: Request) -> ClientDescription {
        ClientDescription(
            address: LoginAddress(String(request.client.rateKey, radix: 16)), ip: request.client.description,
            userAgent: request.header(.userAgent) ?? "")
    }
}

extension AuditContext {
    /// Who asks, and from where.
    init(_ request: Request, actor: AuditActor = .anonymous) {
        self.init(
            actor: actor, ip: request.client.description,
            userAgent: request.header(.userAgent).map { String(decoding: $0.utf8.prefix(256), as: UTF8.self) },
            requestID: request.id.description)
    }
}

extension Refusal {
    /// What a refused refresh token, or one that cannot be taken back, is to a client.
    init(_ failure: TokenFailure) {
        switch failure {
        case .invalid(let reason): self = .unauthorized("invalid_token", "The token is not one of this service.", logDetail: reason)
        case .expired: self = .unauthorized("token_expired", "Token has expired.")
        case .wrongType: self = .unauthorized("token_wrong_type", "This is another type of token than is asked for here.")
        case .sessionEnded: self = .unauthorized("session_ended", "The session has ended; log in again.")
        case .replayed:
            self = .unauthorized("refresh_replayed", "This refresh token was used before; its session has been ended.")
        case .store(let error): self = Refusal(error)
        case .signing(let detail):
            self = Refusal(
                .internalServerError, code: "internal_error", detail: "Something went wrong; the log knows more.", logDetail: detail)
        }
    }

    /// What a failed login is to a client.
    init(_ failure: LoginFailure) {
        switch failure {
        case .account(let error): self = Refusal(error)
        case .token(let failure): self = Refusal(failure)
        }
    }
}
