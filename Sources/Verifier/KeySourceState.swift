// KeySourceState: how a remote key source is doing, for metrics, health checks and people.
public import MartletEncoding

/// What there is to know about a ``RemoteKeySource`` at one moment.
public struct KeySourceState: Sendable, Hashable {
    /// Where the keys that are used came from last.
    public enum Origin: String, Sendable {
        /// The issuer itself.
        case network
        /// A tier that other processes, or this one before, have written to.
        case tier
    }

    /// Whether the source has been started and not stopped.
    public var isRunning: Bool
    /// Whether a fetch is under way.
    public var isFetching: Bool
    /// When the issuer gave or confirmed the keys that are used; nil while there are none.
    public var lastSuccess: UnixTime?
    /// From then on the keys verify nothing, unless they are fetched before.
    public var goodUntil: UnixTime?
    /// Where the keys came from.
    public var origin: Origin?
    /// When the next fetch is due; nil while one is under way and when the source does not run.
    public var nextFetch: UnixTime?
    /// Fetches that have gone to the issuer. A fetch may be several exchanges: metadata, redirects, keys.
    public var fetches: Int
    /// Fetches that have failed, of all.
    public var failures: Int
    /// Fetches that have failed since the last that did not.
    public var consecutiveFailures: Int
    /// Why the last failed fetch failed.
    public var lastFailure: KeyFetchFailure?
    /// Until then an unknown `kid` causes no fetch; nil when one may.
    public var cooldownUntil: UnixTime?
    /// `kid`s that are known to be absent.
    public var absentKeyIDs: Int
    /// Callers that wait for a fetch to end.
    public var waiting: Int
    /// Keys that are used.
    public var keys: Int
    /// Keys of the set that cannot be used.
    public var skippedKeys: Int
    /// The number of the set; rises whenever its bytes change.
    public var generation: UInt64

    /// Seconds since the issuer gave or confirmed the keys; nil while there are none.
    public func age(at now: UnixTime) -> Int64? {
        lastSuccess.map { max(0, now.seconds - $0.seconds) }
    }

    /// Whether tokens can be verified now.
    public func isReady(at now: UnixTime) -> Bool {
        goodUntil.map { now < $0 } ?? false
    }
}
