// IDTokenHint: an ID token that a client shows to say whom it means (OpenID Connect Core 1.0 §3.1.2.1, RP-Initiated Logout 1.0 §2). It opens
// nothing; that it is ours is all that it proves.

import MartletEncoding
import MartletJOSE
import Tokens

/// An ID token of this service that a client shows: who it was issued to, about whom. An expired one counts (§2: "The OP SHOULD accept ID
/// Tokens … even when the exp time has passed").
package struct IDTokenHint: Sendable, Hashable {
    package let clientID: String
    package let subject: String
    /// `sid`; nil where the token says none.
    package let signIn: String?

    package init(clientID: String, subject: String, signIn: String?) {
        self.clientID = clientID
        self.subject = subject
        self.signIn = signIn
    }
}

extension AuthorizationServer {
    /// What an ID token that somebody shows says; nil for anything that is no ID token of this service.
    func idTokenHint(_ text: String) -> IDTokenHint? {
        guard let claims = sessions.idTokenClaims(text), let subject = claims.subject else { return nil }
        let client = claims.audience.count == 1 ? claims.audience.first : claims["azp"]?.string
        return client.map { IDTokenHint(clientID: $0, subject: subject, signIn: claims.sessionID) }
    }
}
