// Tier: a place below a process's memory where fetched keys are kept: Redis for a fleet, a file for a cold start. A tier stores
// bytes and decides nothing: what comes out of one is believed only under the fleet's seal (FleetTiers), and how old it may be
// is the key source's policy.

/// A store of small values. Blocks; called on a key source's own thread only, never for a token.
public protocol Tier: Sendable {
    /// The value under this name; nil when there is none. Names are at most 200 bytes of `[A-Za-z0-9._:-]`.
    func read(_ name: String) throws(TierFailure) -> [UInt8]?
    /// Puts a value in place; the tier may forget it after `lifetime` seconds.
    func write(_ name: String, _ value: [UInt8], lifetime: Int64) throws(TierFailure)
    /// Whether the caller is the one to do what `name` stands for, now and for so many milliseconds at most. A tier that only one
    /// process uses answers true.
    func lock(_ name: String, milliseconds: Int64) throws(TierFailure) -> Bool
    /// Ends a lock that ``lock(_:milliseconds:)`` gave to this caller; does nothing for one that is another's by now.
    func unlock(_ name: String)
}

extension Tier {
    /// A tier of one process: there is nobody to wait for.
    public func lock(_ name: String, milliseconds: Int64) throws(TierFailure) -> Bool { true }
    /// Nothing to end.
    public func unlock(_ name: String) {}
}

/// Why a tier cannot be used now.
public struct TierFailure: Error, Sendable, Hashable {
    /// For the log.
    public let detail: String

    /// A failure and its cause.
    public init(_ detail: String) {
        self.detail = detail
    }
}
