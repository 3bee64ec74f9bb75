// RevocationFeedState: what can be seen of a feed from outside, at one moment. For health checks, logs and metrics; nothing is
// decided by it.
public import MartletEncoding

/// How following a revocation feed goes.
public struct RevocationFeedState: Sendable, Hashable {
    /// Whether the issuer has a feed: false when its metadata names none or the address answers 404; nil while nobody knows.
    public internal(set) var hasFeed: Bool?
    /// The lineage that is followed; nil before the first snapshot.
    public internal(set) var lineage: String?
    /// The number of the last event that is known; nil before the first snapshot.
    public internal(set) var sequence: Int64?
    /// Revocations held, with those that are kept for up to an hour beyond their time.
    public internal(set) var liveEntries = 0
    /// Seconds since the `iat` of the last document that was applied, at least 0; nil before the first.
    public internal(set) var staleness: Int64?
    /// Documents applied.
    public internal(set) var applied = 0
    /// Documents refused, by reason. Any that rises is an alarm.
    public internal(set) var refused: [RevocationFeedRefusal: Int] = [:]
    /// Exchanges that failed, those with refused documents among them.
    public internal(set) var failures = 0
    /// Why the last one failed.
    public internal(set) var lastFailure: RevocationFeedFailure?
    /// When the last one failed.
    public internal(set) var lastFailureAt: UnixTime?
    /// When a document was last applied.
    public internal(set) var lastSuccess: UnixTime?

    /// Whether a snapshot has been taken in: what is known is all that was revoked until then.
    public var hasSnapshot: Bool { sequence != nil }
}
