// Revocation: the append-only, numbered log of what was taken back, which is the one truth of revocation.
// Every process loads the live events before it listens and then follows the log. Three kinds of line revoke
// nothing: they tell caches that an account, the key ring or a client is another by now.

package import MartletEncoding

/// One line of the log.
package struct RevocationEvent: Sendable, Hashable {
    /// Rises by at least one with each event; never used again.
    package var sequence: Int64
    /// Opaque name, for the admin API.
    package var id: String
    package var kind: Kind
    /// What it is about: an access token's `sid`, a `jti`, a user id, a client id, a `kid`; empty for `keyring`.
    package var target: String
    package var at: UnixTime
    /// From then on no token exists that this event could decide about (a minute is added for verifiers' clocks).
    package var until: UnixTime
    /// For `client`: tokens with an earlier `iat` are dead.
    package var issuedBefore: UnixTime?
    package var reason: String?
    /// The `id` of the event that this one follows from: the user's, for each session that it ended.
    package var cause: String?

    package enum Kind: String, Sendable, Hashable {
        /// Access tokens with this `sid` are dead.
        case session
        /// The access token with this `jti` is dead.
        case token
        /// Access tokens of this client are dead if issued before.
        case client
        /// Tokens signed by this key are dead.
        case key
        /// Every session of this user ended; a `session` event for each goes with it. The account is another by now.
        case user
        /// The account is another by now.
        case account
        /// The key ring is another by now.
        case keyring
        /// The registration of this client is another by now, or gone.
        case registration

        /// Whether somebody's tokens are dead by an event of this kind.
        package var revokes: Bool { self != .account && self != .keyring && self != .registration }
    }

    package init(
        sequence: Int64, id: String, kind: Kind, target: String, at: UnixTime, until: UnixTime, issuedBefore: UnixTime?,
        reason: String?, cause: String?
    ) {
        self.sequence = sequence
        self.id = id
        self.kind = kind
        self.target = target
        self.at = at
        self.until = until
        self.issuedBefore = issuedBefore
        self.reason = reason
        self.cause = cause
    }
}

/// What can be taken back.
package enum RevocationTarget: Sendable, Hashable {
    /// One access token, by `jti`. `until` is its `exp`; nil when unknown, then the latest `exp` that any may have.
    /// Revoked again it is the same event, unless `until` is later now.
    case token(id: String, until: UnixTime?)
    /// A session. With `ofUser`, only if it is that user's.
    case session(SessionID, ofUser: UserID?)
    /// Every session of a user.
    case user(UserID)
    /// Every token and session that a client got so far.
    case client(String)
}
