// BrowserSession: somebody is signed in here with a browser, so that the next client need not ask for the password.

package import MartletEncoding

/// A sign-in that goes on.
package struct BrowserSession: Sendable, Hashable {
    /// What others may know of it: the `sid` of ID tokens (OpenID Connect Front-Channel Logout 1.0 §3).
    package var id: String
    /// SHA-256 of what the cookie holds.
    package var cookieHash: [UInt8]
    package var userID: UserID
    /// When the password was last proved: `auth_time`.
    package var authenticatedAt: UnixTime
    /// `amr` (RFC 8176).
    package var methods: [String]
    package var createdAt: UnixTime
    /// When it ends unless it is used.
    package var idleExpiresAt: UnixTime
    /// When it ends however much it is used.
    package var expiresAt: UnixTime
    package var ip: String
    package var userAgent: String

    package init(
        id: String, cookieHash: [UInt8], userID: UserID, authenticatedAt: UnixTime, methods: [String], createdAt: UnixTime,
        idleExpiresAt: UnixTime, expiresAt: UnixTime, ip: String, userAgent: String
    ) {
        self.id = id
        self.cookieHash = cookieHash
        self.userID = userID
        self.authenticatedAt = authenticatedAt
        self.methods = methods
        self.createdAt = createdAt
        self.idleExpiresAt = idleExpiresAt
        self.expiresAt = expiresAt
        self.ip = ip
        self.userAgent = userAgent
    }
}

/// What came of a sign-in.
package enum BeginBrowserSessionOutcome: Sendable, Hashable {
    case begun(BrowserSession, User)
    /// The account changed, was disabled or deleted since the password was checked.
    case accountChanged
}
