// Renewal: an access token that gets the next one itself, as sliding tokens do, and the outcomes of asking for it. Which tokens
// may is said by their claims and not here.

package import MartletEncoding

/// An access token that was presented to be renewed, its signature and its end checked.
package struct RenewalRequest: Sendable {
    /// Its `sid`: the session and the epoch.
    package var accessSessionID: String
    /// Its `sub`.
    package var user: UserID
    /// Its `jti`.
    package var tokenID: String
    /// The key that signed it; nil for a shared secret.
    package var keyID: String?
    /// The administrator who acts as the user with it (its `act`); nil for the user.
    package var actor: UserID?
    /// The key that will sign the new one; nil for a shared secret.
    package var signingKeyID: String?
    /// `exp` of the access token that will be made.
    package var accessExpiresAt: UnixTime
    /// Key marks to raise in the same transaction.
    package var keyMarks: [KeyMark]

    package init(
        accessSessionID: String, user: UserID, tokenID: String, keyID: String?, actor: UserID? = nil, signingKeyID: String?,
        accessExpiresAt: UnixTime, keyMarks: [KeyMark]
    ) {
        self.accessSessionID = accessSessionID
        self.user = user
        self.tokenID = tokenID
        self.keyID = keyID
        self.actor = actor
        self.signingKeyID = signingKeyID
        self.accessExpiresAt = accessExpiresAt
        self.keyMarks = keyMarks
    }
}

/// The renewal table. The first line that fits decides.
///
/// | presented | outcome |
/// | --- | --- |
/// | any, to be answered with an access key that is retired or unknown | `staleKeys`: nothing is changed |
/// | of no such session or user, or of an earlier epoch; the token or its key taken back; the account disabled; the administrator who acts none any more | `ended` |
/// | of a session whose time is over | `late` |
/// | any other | `renewed`: the session's end and the end of its refresh token stay as they are |
package enum RenewalOutcome: Sendable, Hashable {
    case renewed(Session, User)
    case late
    case ended
    /// The key ring that the caller has is older than the store's: load it again, check the token by it, and ask again.
    case staleKeys
}

/// What came of an administrator's asking for a session of another user's.
package enum ImpersonationOutcome: Sendable, Hashable {
    case begun(Session, User)
    /// Who asks does not administer (any more).
    case notAdministrator
    /// The other administrates, too: what one administrator does is not to stand in the name of another.
    case isAdministrator
    case isInactive
    case notFound
    /// As in ``BeginSessionOutcome``.
    case staleKeys
}
