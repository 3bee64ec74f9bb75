// ExchangingTokens: what simplejwt does with a refresh token, wherever one of its views stands: read it, exchange it, blacklist it.

import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

extension Services {
    /// A refresh token. Of an access token the signature and the end are judged before its type is, and whether it was taken back
    /// is not.
    func refreshTokenAlone(_ text: [UInt8], at now: UnixTime) throws(Refusal) -> RefreshToken {
        do throws(VerificationFailure) {
            _ = try anyAudience.verify(text, at: now)
        } catch {
            switch error {
            case .wrongType: return try refreshToken(text, at: now)
            case .revoked: break
            default: throw Refusal(error)
            }
        }
        throw Refusal(TokenFailure.wrongType)
    }

    /// Exchanges a refresh token by a rule and answers with what came of it.
    func exchange(
        _ token: RefreshToken, rule: RefreshRule, for request: Request,
        then respond: @escaping @Sendable (SessionTokens) throws(Refusal) -> Response
    ) throws(Refusal) -> Outcome {
        try refresh(token, rule: rule, audience: nil, for: request) { result throws(Refusal) in
            switch result {
            case .success(let refreshed): .respond(try respond(refreshed.tokens))
            case .failure(.sessionEnded): ended(token)
            case .failure(let failure): throw Refusal(failure)
            }
        }
    }

    /// Ends the session of a refresh token. One that was rotated ends it, too, and is refused: its holder wants out, or has no
    /// business here.
    func blacklist(
        _ token: RefreshToken, reason: String, audit: AuditContext, for request: Request, then respond: @escaping @Sendable () -> Response
    ) -> Outcome {
        let now = request.receivedAt
        return commit(for: request) { transaction throws(StoreError) -> Bool in
            guard let session = try transaction.session(token.session, at: now), token.isOf(session) else { return false }
            _ = try transaction.revoke(.session(token.session, ofUser: token.user), reason: reason, audit: audit, at: now)
            return session.counter == token.counter
        } then: { wasCurrent throws(Refusal) in
            guard wasCurrent else { throw Refusal(TokenFailure.sessionEnded) }
            return respond()
        }
    }

    /// Why a session is not there: its account is gone or disabled, or it was ended.
    private func ended(_ token: RefreshToken) -> Outcome {
        hop(to: .worker) { () throws(Refusal) in
            let user = try read { reads throws(StoreError) in try reads.user(token.user) }
            guard let user, user.isActive else {
                throw Refusal(.unauthorized, code: "no_active_account", detail: "No active account found for the given token.")
            }
            throw Refusal(TokenFailure.sessionEnded)
        }
    }
}
