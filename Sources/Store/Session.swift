// Session: one login that goes on, the verbs' inputs and outcomes about it, and the rotation table.
// One row a session, whatever number of tokens it is given; the refresh token can be made again from the row.

package import MartletEncoding

/// A login that goes on. There is a row as long as it lives; an ended session has none.
package struct Session: Sendable, Hashable {
    package var id: SessionID
    package var userID: UserID
    package var clientID: String
    /// Space-separated, as granted at login.
    package var scope: String
    /// The `ctr` of the current refresh token; 0 at first.
    package var counter: Int64
    /// 16 random bytes; in every refresh token, so that a leaked signing secret alone forges nothing.
    package var nonce: [UInt8]
    /// Rises when the access tokens end and the session does not. Part of the access token's `sid`.
    package var accessEpoch: Int64
    package var createdAt: UnixTime
    /// When the current refresh token was made; its `iat`.
    package var rotatedAt: UnixTime
    /// Times the token before the current one was answered within the grace.
    package var retries: Int64
    /// The key that signed the current refresh token.
    package var refreshKeyID: String
    /// `exp` of the current refresh token.
    package var refreshExpiresAt: UnixTime
    /// When the session ends however often it is refreshed.
    package var expiresAt: UnixTime
    /// No access token of this session has a later `exp`.
    package var accessExpiresAt: UnixTime
    /// To 5 minutes.
    package var lastUsedAt: UnixTime
    package var ip: String
    package var userAgent: String
    /// A JSON object of what its tokens say besides; nil for the first-party login.
    package var details: String?
    /// The sign-in in a browser that it came from; nil for none.
    package var browserSession: String?

    package init(
        id: SessionID, userID: UserID, clientID: String, scope: String, counter: Int64, nonce: [UInt8], accessEpoch: Int64,
        createdAt: UnixTime, rotatedAt: UnixTime, retries: Int64, refreshKeyID: String, refreshExpiresAt: UnixTime,
        expiresAt: UnixTime, accessExpiresAt: UnixTime, lastUsedAt: UnixTime, ip: String, userAgent: String, details: String? = nil,
        browserSession: String? = nil
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.scope = scope
        self.counter = counter
        self.nonce = nonce
        self.accessEpoch = accessEpoch
        self.createdAt = createdAt
        self.rotatedAt = rotatedAt
        self.retries = retries
        self.refreshKeyID = refreshKeyID
        self.refreshExpiresAt = refreshExpiresAt
        self.expiresAt = expiresAt
        self.accessExpiresAt = accessExpiresAt
        self.lastUsedAt = lastUsedAt
        self.ip = ip
        self.userAgent = userAgent
        self.details = details
        self.browserSession = browserSession
    }

    /// The `sid` of this session's access tokens: its id, and from the second epoch on `id.epoch`. A change of roles ends
    /// the access tokens and keeps the session, and the revocation feed names tokens by `sid` or `jti` only.
    package var accessSessionID: String {
        accessEpoch == 0 ? id.text : "\(id.text).\(accessEpoch)"
    }

    /// The client of the sessions that an administrator begins as other users, so that they can all be taken back.
    package static func impersonationClient(of administrator: UserID) -> String { impersonation + administrator.text }

    /// Whether that is the client of such sessions.
    package static func isImpersonation(client: String) -> Bool { client.utf8.starts(with: impersonation.utf8) }

    private static let impersonation = "impersonation:"

    /// Whether the refresh token before the current one is answered still. A clock that is up to a minute behind the one that rotated
    /// is within the grace; 0 seconds are none.
    package func isWithinGrace(seconds: Int64, maximumRetries: Int64, at now: UnixTime) -> Bool {
        seconds > 0 && retries < maximumRetries && rotatedAt.adding(seconds: -60) <= now && now < rotatedAt.adding(seconds: seconds)
    }

    /// The session that an access token's `sid` belongs to.
    package static func id(ofAccessSessionID text: String) -> SessionID {
        SessionID(String(decoding: text.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
    }
}

/// A session to be opened.
package struct NewSession: Sendable {
    package var id: SessionID
    package var userID: UserID
    package var clientID: String
    package var scope: String
    package var nonce: [UInt8]
    package var refreshKeyID: String
    package var refreshExpiresAt: UnixTime
    package var expiresAt: UnixTime
    package var accessExpiresAt: UnixTime
    package var address: LoginAddress
    package var ip: String
    package var userAgent: String
    /// Key marks to raise in the same transaction.
    package var keyMarks: [KeyMark]
    /// A JSON object of what its tokens say besides; nil for the first-party login.
    package var details: String?
    /// The sign-in in a browser that it came from; nil for none.
    package var browserSession: String?
    /// What its client is told that the sign-in is called; nil for its own name.
    package var signIn: String?

    package init(
        id: SessionID, userID: UserID, clientID: String, scope: String, nonce: [UInt8], refreshKeyID: String,
        refreshExpiresAt: UnixTime, expiresAt: UnixTime, accessExpiresAt: UnixTime, address: LoginAddress, ip: String,
        userAgent: String, keyMarks: [KeyMark], details: String? = nil, browserSession: String? = nil
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.scope = scope
        self.nonce = nonce
        self.refreshKeyID = refreshKeyID
        self.refreshExpiresAt = refreshExpiresAt
        self.expiresAt = expiresAt
        self.accessExpiresAt = accessExpiresAt
        self.address = address
        self.ip = ip
        self.userAgent = userAgent
        self.keyMarks = keyMarks
        self.details = details
        self.browserSession = browserSession
    }
}

/// What came of opening a session.
package enum BeginSessionOutcome: Sendable, Hashable {
    case begun(Session, User)
    /// The account changed, was disabled or deleted since its credentials were checked.
    case accountChanged
    /// The key ring that the caller has is older than the store's, where its refresh key is retired or unknown. Nothing was
    /// changed: load the ring again and ask again.
    case staleKeys
}

/// A refresh token that was presented, its signature checked.
package struct RotationRequest: Sendable {
    package var session: SessionID
    /// The client that presents it: the session must be its own (RFC 6749 §6).
    package var clientID: String
    /// Its `ctr`.
    package var counter: Int64
    /// Its `nonce`, compared with the session's in constant time.
    package var nonce: [UInt8]
    /// Seconds within which the token before the current one is answered; 0 is strict. A clock that is up to a minute behind
    /// the one that rotated is within the grace.
    package var graceSeconds: Int64
    /// Times it is answered, at most.
    package var maximumRetries: Int64
    /// Seconds that a new refresh token lives without use; cut off at the session's end.
    package var refreshLifetime: Int64
    /// Signs the new refresh token.
    package var refreshKeyID: String
    /// `exp` of the access token that will be made.
    package var accessExpiresAt: UnixTime
    package var ip: String
    package var userAgent: String
    /// Key marks to raise in the same transaction.
    package var keyMarks: [KeyMark]
    /// What becomes of the token if it is the current one.
    package var rule: RefreshRule

    package init(
        session: SessionID, clientID: String, counter: Int64, nonce: [UInt8], graceSeconds: Int64, maximumRetries: Int64,
        refreshLifetime: Int64, refreshKeyID: String, accessExpiresAt: UnixTime, ip: String, userAgent: String, keyMarks: [KeyMark],
        rule: RefreshRule = .rotate
    ) {
        self.session = session
        self.clientID = clientID
        self.counter = counter
        self.nonce = nonce
        self.graceSeconds = graceSeconds
        self.maximumRetries = maximumRetries
        self.refreshLifetime = refreshLifetime
        self.refreshKeyID = refreshKeyID
        self.accessExpiresAt = accessExpiresAt
        self.ip = ip
        self.userAgent = userAgent
        self.keyMarks = keyMarks
        self.rule = rule
    }
}

/// What a refresh makes of the current refresh token. Who else holds a token that is not rotated is not found out by its being
/// used twice.
package enum RefreshRule: Sendable, Hashable {
    /// The next one takes its place.
    case rotate
    /// It stays the current one: a relaxation for clients that keep the token of their login.
    case keep
    /// It stays the current one and gets a later end: what is answered says so, and every copy that does not is good until its own.
    case extend
}

/// The rotation table.
///
/// | presented counter | outcome |
/// | --- | --- |
/// | any, to be answered with a refresh key that is retired or unknown | `staleKeys`: nothing is changed |
/// | the session's current one | `rotated`: the counter rises by one |
/// | the same, with the rule to keep it | `kept`: the refresh token, its end and where it was last rotated from stay as they are |
/// | the same, with the rule to extend it | `kept`: the counter stays; time of rotation, key and end are new, the grace is over |
/// | one behind, within the grace and the retries | `retried`: the current refresh token again; audited `refreshRetriedElsewhere` when both address and user agent differ |
/// | anything older, or one behind after that | `replayed`: the session ends, audited `refreshReplayed` |
/// | ahead of the store | `ahead`: refused, audited `refreshAhead` |
/// | no such session, its time is over, another nonce, another client's, its client taken back | `ended` |
package enum RotationOutcome: Sendable, Hashable {
    case rotated(Session, User)
    case retried(Session, User)
    case kept(Session, User)
    case replayed
    case ahead
    case ended
    /// The key ring that the caller has is older than the store's: load it again, check the token by it, and ask again.
    case staleKeys
}
