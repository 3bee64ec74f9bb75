// KeySnapshot: one state of a key set. The header segment is the same text for every token of a key, so what it says and which
// keys it names are kept here after the first token that was really signed; a stranger's headers never get in.
public import MartletEncoding
public import MartletJOSE
import Synchronization

/// An immutable key set with the number of its generation.
public final class KeySnapshot: Sendable {
    /// The keys.
    public let keys: JWKSet
    /// Rises whenever a source's keys change.
    public let generation: UInt64
    /// From then on these keys verify nothing, whoever still holds the snapshot.
    public let goodUntil: UnixTime
    private let known = Mutex<[ResolvedHeader]>([])

    /// A snapshot. A source never uses one generation for two key sets.
    public init(keys: JWKSet, generation: UInt64, goodUntil: UnixTime = UnixTime(milliseconds: .max)) {
        self.keys = keys
        self.generation = generation
        self.goodUntil = goodUntil
    }

    /// What a header segment means with these keys; throws where it is not well formed.
    func resolve(_ segment: UnsafeBufferPointer<UInt8>) throws(JOSEError) -> ResolvedHeader {
        let known = known.withLock { $0 }
        for header in known where header.hasSegment(segment) { return header }
        return ResolvedHeader(segment: Array(segment), header: try JWSHeader(segment: segment), keys: keys)
    }

    /// Keeps a header under which a signature was right.
    func remember(_ header: ResolvedHeader) {
        known.withLock { known in
            guard known.count < Self.maximumKnown, !known.contains(where: { $0 === header || $0.segment == header.segment }) else { return }
            known.append(header)
        }
    }

    /// More than the keys and token types that one issuer signs with at a time.
    private static let maximumKnown = 32
}

/// A header, and the keys that it names.
final class ResolvedHeader: Sendable {
    let segment: [UInt8]
    let header: JWSHeader
    let candidates: [JWSVerificationKey]
    let keyDigest: RevocationDigest?

    init(segment: [UInt8], header: JWSHeader, keys: JWKSet) {
        self.segment = segment
        self.header = header
        candidates = header.algorithm.map { keys.candidates(keyID: header.keyID, algorithm: $0, type: header.type) } ?? []
        keyDigest = header.keyID.map { RevocationDigest(.key, $0) }
    }

    func hasSegment(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        segment.withUnsafeBufferPointer { sameBytes($0, other) }
    }
}
