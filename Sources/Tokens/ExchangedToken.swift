// ExchangedToken: the access token that another one was exchanged for (RFC 8693). It belongs to the other one's session and dies with it,
// and no later; nothing is stored but the mark of the key that signs it.

package import MartletEncoding
import Store

/// What such a token is to say.
package struct ExchangeGrant: Sendable, Hashable {
    /// Whoever exchanged the other one.
    package var clientID: String
    /// `sid` of the other one, as it stands there.
    package var accessSessionID: String
    /// Its life must end with the other one's: the end of a session says until when it is to be remembered.
    package var content: ClientTokenContent

    package init(clientID: String, accessSessionID: String, content: ClientTokenContent) {
        self.clientID = clientID
        self.accessSessionID = accessSessionID
        self.content = content
    }
}

extension SessionService {
    /// Makes the token. `completion` as in ``token(for:at:completion:)`` of a client that acts for itself.
    package func token(
        for grant: ExchangeGrant, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(TokenFailure) -> AccessToken) -> Void
    ) {
        withMarkedKeys(accessFor: grant.content.lifetime, at: now, completion: completion) { [self] keys throws(TokenFailure) in
            try AccessToken(
                grant.content, client: grant.clientID, accessSessionID: grant.accessSessionID, policy: policy, keys: keys,
                id: Identifier.random(random), at: now)
        }
    }
}
