// RandomSource: where random bytes come from, as an argument, so that tests own them.
import CMartletOpenSSL

/// A source of random bytes.
public struct RandomSource: Sendable {
    private let generate: @Sendable (Int) -> [UInt8]

    /// A source that answers exactly as many bytes as it is asked for.
    public init(_ generate: @escaping @Sendable (Int) -> [UInt8]) {
        self.generate = generate
    }

    /// `count` bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        let bytes = generate(count)
        precondition(bytes.count == count, "a random source answered \(bytes.count) bytes for \(count)")
        return bytes
    }

    /// libcrypto's generator (NIST SP 800-90A, seeded by the system).
    public static let secure = RandomSource { count in
        [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            // There is no going on without randomness, and nothing to tell a peer.
            guard count == 0 || RAND_bytes(output.baseAddress, Int32(count)) == 1 else { fatalError("libcrypto has no random bytes") }
            initialized = count
        }
    }
}
