// ClaimsCompatibility: the claims that tokens carry besides their own, for clients and APIs that were written for another issuer,
// and what access tokens say of issuer and audience where that issuer's endpoints give them out.

import MartletEncoding
import Store

/// Another issuer whose claims the tokens have, too: djangorestframework-simplejwt, and a `jti` in refresh tokens.
package struct ClaimsCompatibility: Sendable, Hashable {
    /// `USER_ID_CLAIM`.
    package var userIDClaim: String
    /// `TOKEN_TYPE_CLAIM`; nil leaves it out.
    package var tokenTypeClaim: String?
    /// `ISSUER`: `iss` of access tokens from that issuer's endpoints; nil for the service's own.
    package var issuer: String?
    /// `AUDIENCE`: `aud` of access tokens from that issuer's endpoints; nil for the usual one.
    package var audience: String?

    package init(
        userIDClaim: String = "user_id", tokenTypeClaim: String? = "token_type", issuer: String? = nil, audience: String? = nil
    ) {
        self.userIDClaim = userIDClaim
        self.tokenTypeClaim = tokenTypeClaim
        self.issuer = issuer
        self.audience = audience
    }

    /// simplejwt's claims under their usual names.
    package static let simplejwt = Self()

    /// The names that claims of these tokens have already, or that mean something to whoever reads a JWT (RFC 7519 §4.1).
    package static let takenNames: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "roles", "ctr", "nonce", "refresh_exp", "orig_iat",
        "orig_jti", "username", "act", "cnf",
    ]

    /// Whether a claim of this name is among those that are written.
    func names(_ claim: String) -> Bool { claim == userIDClaim || claim == tokenTypeClaim }

    /// A sliding token also says until when it renews itself.
    func writeAccess(of user: User, _ form: AccessForm, _ session: Session, to writer: inout JSONWriter) {
        if case .sliding = form {
            if let tokenTypeClaim { writer.member(tokenTypeClaim, "sliding") }
            writer.member("refresh_exp", session.refreshExpiresAt.seconds)
        } else if let tokenTypeClaim {
            writer.member(tokenTypeClaim, "access")
        }
        writer.member(userIDClaim, Self.userID(user))
    }

    /// The `jti` follows from the row, as the rest of the token does: one for each rotation, and for each new end.
    func writeRefresh(of session: Session, _ user: User, to writer: inout JSONWriter) {
        if let tokenTypeClaim { writer.member(tokenTypeClaim, "refresh") }
        writer.member(userIDClaim, Self.userID(user))
        writer.member("jti", "\(session.id.text).r\(session.counter)-\(session.rotatedAt.milliseconds)")
    }

    /// What the account was called before it came here, so that the APIs find it; else its id.
    private static func userID(_ user: User) -> String { user.externalID ?? user.id.text }
}
