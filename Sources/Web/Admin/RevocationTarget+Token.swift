// RevocationTarget of an access token: what must be taken back so that neither it nor what it could get is good any more.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Tokens

extension RevocationTarget {
    /// The token alone by its `jti`; the session of a token that could have got the next one, since that one would go on. One of the
    /// service before may be good for longer than it is accepted: its own `exp` counts.
    init(ending token: VerifiedToken) throws(VerificationFailure) {
        guard let id = token.tokenID else { throw .missingClaim("jti") }
        if AccessForm(following: token) != .plain, let session = token.sessionID {
            self = .session(Session.id(ofAccessSessionID: session), ofUser: token.subject.map { UserID($0) })
        } else {
            self = .token(id: id, until: UnixTime(seconds: token.claims.expiresAt ?? token.expiresAt))
        }
    }
}
