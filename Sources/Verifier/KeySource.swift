// KeySource: where a verifier's keys come from: memory here, an issuer's JWKS elsewhere. Asking never waits; a source that
// fetches says that a key may be on its way, and the caller decides whether to come back.
public import MartletEncoding
public import MartletJOSE
import Synchronization

/// Gives a verifier its keys.
public protocol KeySource: Sendable {
    /// The keys as they are now. Called for every token: it must be cheap, and must not block.
    var snapshot: KeySnapshot { get }

    /// Called when the snapshot has no key with this `kid`, or is not good any more. A source that can look for it starts doing
    /// so and answers ``MissingKey/pending``. Must not block.
    func look(for keyID: String?, at now: UnixTime) -> MissingKey

    /// Calls `resume` once: when what a ``look(for:at:)`` called pending has ended, one way or the other; at once when nothing is
    /// pending. From any thread.
    func whenSettled(_ resume: @escaping @Sendable () -> Void)
}

/// What a source makes of a `kid` that it has no key for.
public enum MissingKey: Sendable, Hashable {
    /// The issuer has no such key, as far as anybody may ask now.
    case unknown
    /// The keys are being fetched: the answer may be another one soon.
    case pending
    /// The source has no keys that are still good, and cannot get any.
    case unavailable
}

extension KeySource {
    /// Nothing to look for.
    public func look(for keyID: String?, at now: UnixTime) -> MissingKey { .unknown }

    /// Nothing to wait for.
    public func whenSettled(_ resume: @escaping @Sendable () -> Void) { resume() }
}

/// Keys held in memory, replaced as a whole.
public final class LocalKeySource: KeySource {
    private let current: Mutex<KeySnapshot>

    /// A source of these keys.
    public init(_ keys: JWKSet) {
        current = Mutex(KeySnapshot(keys: keys, generation: 1))
    }

    /// The keys as they are now.
    public var snapshot: KeySnapshot { current.withLock { $0 } }

    /// Puts other keys in place of these. What verifiers have cached under the old ones is checked anew.
    public func replace(with keys: JWKSet) {
        current.withLock { $0 = KeySnapshot(keys: keys, generation: $0.generation + 1) }
    }
}
