// KeySource: where a verifier's keys come from: memory here, an issuer's JWKS elsewhere. Asking never waits; a source that
// fetches says so by `isPending`, and the caller decides whether to come back.
public import MartletEncoding
public import MartletJOSE
import Synchronization

/// Gives a verifier its keys.
public protocol KeySource: Sendable {
    /// The keys as they are now. Called for every token: it must be cheap, and must not block.
    var snapshot: KeySnapshot { get }

    /// Called when the snapshot has no key with this `kid`. A source that can look for it starts doing so and answers true;
    /// one that cannot, or looked a moment ago, answers false.
    func isPending(keyID: String?, at now: UnixTime) -> Bool
}

extension KeySource {
    /// Nothing to look for.
    public func isPending(keyID: String?, at now: UnixTime) -> Bool { false }
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
