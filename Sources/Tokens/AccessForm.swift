// AccessForm: what an access token is to the client that holds it: one that a refresh token follows, or one that gets the next
// one itself. Only the latter carry the claims that this is told by, so that no other token of a session can be renewed by
// whoever comes by it.

import MartletEncoding
import MartletJOSE
package import MartletVerifier
package import Store

/// What an access token is to its client.
package enum AccessForm: Sendable, Hashable {
    /// It lives until its end; a refresh token gets the next one.
    case plain
    /// simplejwt's sliding token. `id` is the `jti` of the one it goes on from, which it keeps; nil for a session's first.
    case sliding(id: String?)
    /// drf-jwt's token; with where it goes on from, nil for a session's first.
    case drfJWT(origin: Origin?)

    /// The first token of a row of drf-jwt's.
    package struct Origin: Sendable, Hashable {
        /// Its `iat`, in seconds.
        package let issuedAt: Int64
        /// Its `jti`.
        package let id: String
    }

    /// The form of the token that follows a verified one; `plain` where that cannot be renewed.
    package init(following token: VerifiedToken) {
        if token.claims["refresh_exp"] != nil {
            self = .sliding(id: token.tokenID)
        } else if let issuedAt = token.claims["orig_iat"]?.integer, let id = token.claims["orig_jti"]?.string ?? token.tokenID {
            self = .drfJWT(origin: Origin(issuedAt: issuedAt, id: id))
        } else {
            self = .plain
        }
    }
}

extension VerifiedToken {
    /// The administrator who acts as the token's user (RFC 8693 §4.1); nil where nobody does.
    package var actor: UserID? { claims["act"]?["sub"]?.string.map { UserID($0) } }
}
