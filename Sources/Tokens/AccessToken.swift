// AccessToken: the RFC 9068 access token of a session, written. Verifying is MartletVerifier's.

import MartletCryptography
package import MartletEncoding
import MartletJOSE
import Store

/// An access token that was made.
package struct AccessToken: Sendable {
    /// The compact JWS.
    package let text: String
    /// `exp`.
    package let expiresAt: UnixTime

    /// A token that was signed.
    init(text: String, expiresAt: UnixTime) {
        self.text = text
        self.expiresAt = expiresAt
    }

    /// Makes a token for a session.
    ///
    /// For the issuer's own APIs (`audience` nil or the policy's) it has the session's first-party scopes, as far as the
    /// user's roles go; for any other audience it has none of them, so that an API shown the token cannot act on the account.
    /// ``TokenPolicy/compatible`` is an exception. `actor` is the administrator who acts as the user. A sliding token that goes
    /// on from another has the other's `id`.
    init(
        for session: Session, of user: User, audience: String?, form: AccessForm = .plain, actor: UserID? = nil, policy: TokenPolicy,
        keys: KeyRing.Snapshot, id: String, at now: UnixTime
    ) throws(TokenFailure) {
        var id = id
        if case .sliding(let kept?) = form { id = kept }
        let audience = audience ?? policy.audience
        let roles = FirstPartyScope.roles(user.roles, of: session.scope)
        let scope =
            switch audience {
            case policy.issuer: FirstPartyScope.granted(session.scope, roles: user.roles)
            // Shown to an API of the old world, it opens the account there and here, and nobody else's.
            case policy.firstPartyAudience: FirstPartyScope.granted(session.scope, roles: user.roles.filter { $0 != User.administrator })
            default: ""
            }
        let expiry = now.seconds + policy.accessLifetime
        let payload = JSONWriter.object(capacity: 512) { writer in
            writer.member("iss", policy.accessIssuer ?? policy.issuer)
            writer.member("sub", user.id.text)
            writer.member("aud", audience)
            writer.member("exp", expiry)
            writer.member("iat", now.seconds)
            writer.member("jti", id)
            writer.member("client_id", session.clientID)
            if !scope.isEmpty { writer.member("scope", scope) }
            writer.member("sid", session.accessSessionID)
            if !roles.isEmpty { writer.member("roles", roles) }
            if let actor {
                writer.name("act")
                writer.object { $0.member("sub", actor.text) }
            }
            policy.compatibility?.writeAccess(of: user, form, session, to: &writer)
            if policy.hasDRFJWTClaims {
                DRFJWTClaims.write(of: user, withUserID: policy.compatibility?.names("user_id") != true, form, at: now, to: &writer)
            }
        }
        do throws(JOSEError) {
            text = String(decoding: try keys.access.sign(payload), as: UTF8.self)
        } catch {
            throw .signing(detail: error.message)
        }
        expiresAt = UnixTime(seconds: expiry)
    }
}
