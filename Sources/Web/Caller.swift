// Caller: who a request comes from, by its access token (RFC 6750 §2.1, RFC 9449 §7.1), and what of it audit and sessions remember.

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

    /// Who asks, for the audit trail: of an administrator who acts as the user, the administrator. Made when it is asked for:
    /// most calls change nothing.
    var audit: AuditContext { AuditContext(request, actor: .user(token.actor ?? user)) }
}

extension Services {
    /// The caller, who must have `scope`. Verified in memory: may run on a loop.
    ///
    /// Throws 401 without a good token and 403 without the scope. A token of the service before, whose user has another name here, is
    /// for ``asUser(_:_:)``.
    func caller(_ request: Request, _ scope: FirstPartyScope = .account) throws(Refusal) -> Caller {
        let token = try verified(request, by: verifier)
        do throws(VerificationFailure) { return try caller(by: token, request, scope) } catch { throw Refusal(error) }
    }

    /// Goes on with the caller, who must have the scope `account`; on a worker if it is by a token of the service before, whose account
    /// is looked up. The body is given these services, so that one that needs nothing else costs no allocation.
    func asUser(
        _ request: Request, _ body: @escaping @Sendable (Services, Caller) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        try asUser(showing: try request.shownToken(schemes), request, refusal: { $0 }, body)
    }

    /// The same by a token that came another way than in `Authorization`; `told` is how these views put it that it is not good.
    func asUser(
        bearing text: ArraySlice<UInt8>, _ request: Request, refusal told: @escaping @Sendable (Refusal) -> Refusal = { $0 },
        _ body: @escaping @Sendable (Services, Caller) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        try asUser(showing: ShownToken(text), request, refusal: told, body)
    }

    private func asUser(
        showing shown: ShownToken, _ request: Request, refusal told: @escaping @Sendable (Refusal) -> Refusal,
        _ body: @escaping @Sendable (Services, Caller) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let token: VerifiedToken
        let caller: Caller
        do throws(VerificationFailure) {
            token = try verifier.verify(shown, of: request, to: issuer, at: request.receivedAt)
            guard !token.isFromOldIssuer else {
                return hop(to: .worker) { () throws(Refusal) in
                    let user: User
                    do throws(Refusal) { user = try oldAccount(of: token, at: request.receivedAt) } catch { throw told(error) }
                    return try body(self, Caller(token, user.id, request))
                }
            }
            caller = try self.caller(by: token, request, .account)
        } catch {
            throw told(Refusal(error, of: verifier, at: request.receivedAt))
        }
        return try body(self, caller)
    }

    private func caller(
        by token: VerifiedToken, _ request: Request, _ scope: FirstPartyScope
    ) throws(VerificationFailure) -> Caller {
        guard token.hasScope(scope.rawValue) else { throw .insufficientScope(scope.rawValue) }
        guard !token.isFromOldIssuer else { throw .wrongType }
        guard let subject = token.subject else { throw .missingClaim("sub") }
        return Caller(token, UserID(subject), request)
    }

    /// The account of an access token of the service before. Blocks: for a worker. Throws 401 when there is none, when it is disabled,
    /// and for a token that was blacklisted.
    func oldAccount(of token: VerifiedToken, at now: UnixTime) throws(Refusal) -> User {
        let old = OldToken(
            id: OldIssuer.tokenID(in: token.claims), user: token.subject ?? "", issuedAt: token.issuedAt.map { UnixTime(seconds: $0) })
        let (user, state) = try read { reads throws(StoreError) in
            (try reads.user(externalID: old.user), try reads.state(of: old, at: now))
        }
        guard let user else { throw .unauthorized("invalid_token", "The token's user does not exist.") }
        guard user.isActive, state != .ended else { throw Refusal(VerificationFailure.revoked) }
        return user
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

    /// The access token of a request, verified, with its proof where it is bound to a key.
    func verified(_ request: Request, by verifier: TokenVerifier) throws(Refusal) -> VerifiedToken {
        let shown = try request.shownToken(schemes)
        do throws(VerificationFailure) {
            return try verifier.verify(shown, of: request, to: issuer, at: request.receivedAt)
        } catch {
            throw Refusal(error, of: verifier, at: request.receivedAt)
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
        case .refreshExpired:
            self = .unauthorized("refresh_expired", "The time in which this token could be renewed is over; log in again.")
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
