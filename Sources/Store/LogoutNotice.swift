// LogoutNotice: a client is to be told that somebody signed out (OpenID Connect Back-Channel Logout 1.0). Notices are an outbox: the
// transaction that ends a sign-in writes them, and whoever takes one holds it for a while, so that of several processes one sends it,
// and so that it is sent again where that one did not live to say what came of it.

package import MartletEncoding

/// What one client is to be told.
package struct LogoutNotice: Sendable, Hashable {
    package var id: String
    package var clientID: String
    package var userID: UserID
    /// `sid`: the sign-in that ended, as the client's ID tokens named it.
    package var signIn: String
    package var createdAt: UnixTime
    /// How often it was tried in vain.
    package var attempts: Int64

    package init(id: String, clientID: String, userID: UserID, signIn: String, createdAt: UnixTime, attempts: Int64) {
        self.id = id
        self.clientID = clientID
        self.userID = userID
        self.signIn = signIn
        self.createdAt = createdAt
        self.attempts = attempts
    }
}

/// What becomes of a notice that was taken.
package enum LogoutNoticeOutcome: Sendable, Hashable {
    /// It is done with: delivered, or to nobody.
    case settled
    /// It was tried in vain, and is due again then.
    case failed(retryAt: UnixTime)
    /// It was not tried; it is due again then.
    case postponed(UnixTime)
    /// It was tried in vain for the last time. Audited as `logoutUndelivered` with the reason.
    case givenUp(reason: String)
}

/// A client that somebody signed in to.
package struct SignedInClient: Sendable, Hashable {
    package var clientID: String
    /// The `sid` that it was told.
    package var signIn: String

    package init(clientID: String, signIn: String) {
        self.clientID = clientID
        self.signIn = signIn
    }
}
