// OldToken: what a database knows of the tokens of the service that this one took over from: which of its refresh tokens were
// exchanged or blacklisted, and the verbs' inputs and outcomes about them. A token whose time is over is forgotten.

package import MartletEncoding

/// What a token of the service before is known by.
package struct OldToken: Sendable, Hashable {
    /// Its `jti`; nil for one that can be taken back with others only.
    package var id: String?
    /// What it calls its user: an account's ``User/externalID``.
    package var user: String
    /// Its `iat`; nil counts as earlier than any time.
    package var issuedAt: UnixTime?

    package init(id: String?, user: String, issuedAt: UnixTime?) {
        self.id = id
        self.user = user
        self.issuedAt = issuedAt
    }
}

/// What became of a token of the service before. That its time is over is for its own `exp` to say.
package enum OldTokenState: Sendable, Hashable {
    case unused
    /// It was exchanged for this session, which may have ended.
    case exchanged(SessionID)
    /// It was blacklisted, here or there, or taken back, by itself or with all that its user had.
    case ended
}

/// A refresh token of the service before that was presented, its signature and its end checked.
package struct ExchangeRequest: Sendable {
    /// The token, which has a `jti`.
    package var token: OldToken
    /// Its `exp`.
    package var expiresAt: UnixTime
    /// The session to be opened; the account is found in the transaction.
    package var session: NewSession
    /// Sessions that the account may have, at most.
    package var maximumPerUser: Int
    /// Seconds within which it is answered again, and how many times at most, as ``RotationRequest`` has them.
    package var graceSeconds: Int64
    package var maximumRetries: Int64
    /// The token stays good until its end, for the one session that it was exchanged for.
    package var keepsToken: Bool

    package init(
        token: OldToken, expiresAt: UnixTime, session: NewSession, maximumPerUser: Int, graceSeconds: Int64, maximumRetries: Int64,
        keepsToken: Bool
    ) {
        self.token = token
        self.expiresAt = expiresAt
        self.session = session
        self.maximumPerUser = maximumPerUser
        self.graceSeconds = graceSeconds
        self.maximumRetries = maximumRetries
        self.keepsToken = keepsToken
    }
}

/// What came of presenting it.
///
/// | the token | outcome |
/// | --- | --- |
/// | any, to be answered with a refresh key that is retired or unknown | `staleKeys`: nothing is changed |
/// | its account is not here, or disabled | `noAccount` |
/// | blacklisted or taken back, by itself or with all that its user had; or without a `jti` | `ended` |
/// | never seen | `begun`: a session, and a note that the token was exchanged for it; audited `oldTokenExchanged` |
/// | exchanged, and that session has ended | `ended` |
/// | exchanged, with `keepsToken` | `kept`: that session's current tokens |
/// | exchanged within the grace and the retries, and that session never refreshed | `retried`: that session's current tokens |
/// | exchanged before that | `replayed`: that session ends, audited `refreshReplayed` |
package enum ExchangeOutcome: Sendable, Hashable {
    case begun(Session, User)
    case kept(Session, User)
    case retried(Session, User)
    case replayed
    case ended
    case noAccount
    case staleKeys
}

/// What came of blacklisting a refresh token of the service before.
package enum BlacklistOutcome: Sendable, Hashable {
    /// It will not be exchanged.
    case noted
    /// It had been exchanged, and that session has ended now.
    case sessionEnded
    /// It was blacklisted before, or its session had ended.
    case alreadyDone
}

extension User {
    /// What the events of the log call the old service's tokens of this account: a client, all of whose tokens up to a time are dead.
    /// Nil for an account that did not come from elsewhere.
    package var oldTokens: String? { externalID.map(Self.oldTokens(of:)) }

    /// The same by the account's name there.
    package static func oldTokens(of externalID: String) -> String { oldTokensPrefix + externalID }

    package static let oldTokensPrefix = "old-user:"
}
