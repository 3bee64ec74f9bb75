// DRFJWTClaims: the claims of drf-jwt, for clients and APIs that were written for it: who the user is, and in tokens that renew
// themselves where they come from.

import MartletEncoding
import Store

enum DRFJWTClaims {
    /// `user_id` is a number where the account's earlier name is one; not `withUserID` where another claim of that name stands.
    static func write(of user: User, withUserID: Bool, _ form: AccessForm, at now: UnixTime, to writer: inout JSONWriter) {
        writer.member("username", user.username)
        if withUserID {
            if let number = user.externalNumber {
                writer.member("user_id", number)
            } else {
                writer.member("user_id", user.externalID ?? user.id.text)
            }
        }
        guard case .drfJWT(let origin) = form else { return }
        writer.member("orig_iat", origin?.issuedAt ?? now.seconds)
        if let origin { writer.member("orig_jti", origin.id) }
    }
}
