// ClaimsCompatibility: the claims that tokens carry besides their own, for clients and APIs that were written for another issuer.

import MartletEncoding
import Store

/// Another issuer whose claims the tokens have, too.
package enum ClaimsCompatibility: Sendable {
    /// djangorestframework-simplejwt: `token_type` and `user_id`, and a `jti` in refresh tokens.
    case simplejwt

    func writeAccess(of user: User, to writer: inout JSONWriter) {
        writer.member("token_type", "access")
        writer.member("user_id", Self.userID(user))
    }

    /// The `jti` follows from the row, as the rest of the token does: one for each rotation.
    func writeRefresh(of session: Session, _ user: User, to writer: inout JSONWriter) {
        writer.member("token_type", "refresh")
        writer.member("user_id", Self.userID(user))
        writer.member("jti", "\(session.id.text).r\(session.counter)")
    }

    /// What the account was called before it came here, so that the APIs find it; else its id.
    private static func userID(_ user: User) -> String { user.externalID ?? user.id.text }
}
