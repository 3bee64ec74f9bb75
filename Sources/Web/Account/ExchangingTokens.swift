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
    func refreshTokenAlone(_ text: [UInt8], at now: UnixTime) throws(Refusal) -> PresentedToken {
        do throws(VerificationFailure) {
            // Where the tokens of the service before have no type, one of them is for both.
            guard try anyAudience.verify(text, at: now).isFromOldIssuer else { throw .revoked }
        } catch {
            switch error {
            case .wrongType: break
            case .revoked: throw Refusal(TokenFailure.wrongType)
            default: throw Refusal(error)
            }
        }
        return try refreshToken(text, at: now)
    }

    /// Exchanges a refresh token by a rule and answers with what came of it, and whether the client has a new one to keep: in the
    /// place of a token of the service before there is one of this service's from now on.
    func exchange(
        _ token: PresentedToken, rule: RefreshRule, for request: Request,
        then respond: @escaping @Sendable (SessionTokens, _ hasNewRefresh: Bool) throws(Refusal) -> Response
    ) throws(Refusal) -> Outcome {
        let isOld = if case .old = token { true } else { false }
        return try refresh(token, rule: rule, audience: nil, for: request) { result throws(Refusal) in
            switch result {
            case .success(let refreshed): .respond(try respond(refreshed.tokens, rule != .keep || isOld))
            case .failure(.sessionEnded): ended(token)
            case .failure(let failure): throw Refusal(failure)
            }
        }
    }

    /// Ends the session of a refresh token. One that was rotated ends it, too, and is refused: its holder wants out, or has no
    /// business here. With `keepingToken` one of the service before is as good after its exchange as before it.
    func blacklist(
        _ presented: PresentedToken, keepingToken: Bool, reason: String, audit: AuditContext, for request: Request,
        then respond: @escaping @Sendable () -> Response
    ) -> Outcome {
        let now = request.receivedAt
        return commit(for: request) { transaction throws(StoreError) -> Bool in
            let token: RefreshToken
            switch presented {
            case .own(let own): token = own
            case .old(let old):
                let outcome = try transaction.blacklistOldToken(old.id, until: old.expiresAt, reason: reason, audit: audit, at: now)
                return outcome == .noted || keepingToken && outcome == .sessionEnded
            }
            guard let session = try transaction.session(token.session, at: now), token.isOf(session) else { return false }
            _ = try transaction.revoke(.session(token.session, ofUser: nil), reason: reason, audit: audit, at: now)
            return session.counter == token.counter
        } then: { wasCurrent throws(Refusal) in
            guard wasCurrent else { throw Refusal(TokenFailure.sessionEnded) }
            return respond()
        }
    }

    /// Why a session is not there: its account is gone or disabled, or it was ended.
    private func ended(_ token: PresentedToken) -> Outcome {
        hop(to: .worker) { () throws(Refusal) in
            let user = try read { reads throws(StoreError) in
                switch token {
                case .own(let token): try reads.user(token.user)
                case .old(let token): try reads.user(externalID: token.token.user)
                }
            }
            guard let user, user.isActive else {
                throw Refusal(.unauthorized, code: "no_active_account", detail: "No active account found for the given token.")
            }
            throw Refusal(TokenFailure.sessionEnded)
        }
    }
}
