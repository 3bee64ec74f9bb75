// Digest: SHA-2 in one shot (FIPS 180-4), through contexts that are kept.
import CMartletOpenSSL

/// A SHA-2 hash function.
public enum Digest: Sendable, Hashable, CaseIterable {
    case sha256
    case sha384
    case sha512

    /// Length of the result in bytes.
    public var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The digest of `message`.
    public func hash(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBufferPointer { hash($0) }
    }

    /// The digest of `message`.
    public func hash(_ message: ArraySlice<UInt8>) -> [UInt8] {
        message.withUnsafeBufferPointer { hash($0) }
    }

    /// The digest of `message`.
    package func hash(_ message: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            if let base = output.baseAddress { hash(message, into: base) }
            count = byteCount
        }
    }

    /// Writes the digest of `message` to `output`, which has room for `byteCount` bytes.
    package func hash(_ message: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>) {
        let provider = self.provider
        let isDone: Bool? = provider.pool.withContext { context in
            guard EVP_DigestInit_ex2(context, provider.algorithm.pointer, nil) == 1,
                EVP_DigestUpdate(context, message.baseAddress, message.count) == 1,
                EVP_DigestFinal_ex(context, output, nil) == 1
            else { return nil }
            return true
        }
        // Hashing fails for want of memory only; going on with an unwritten digest would be worse than stopping.
        guard isDone != nil else { fatalError("libcrypto cannot compute \(self)") }
    }

    /// libcrypto's name.
    var openSSLName: String {
        switch self {
        case .sha256: "SHA2-256"
        case .sha384: "SHA2-384"
        case .sha512: "SHA2-512"
        }
    }

    /// libcrypto's implementation, fetched once.
    var algorithm: OpaquePointer { provider.algorithm.pointer }

    private var provider: Provider {
        switch self {
        case .sha256: Self.sha256Provider
        case .sha384: Self.sha384Provider
        case .sha512: Self.sha512Provider
        }
    }

    private struct Provider: Sendable {
        let algorithm: Handle
        let pool = ContextPool(
            make: { EVP_MD_CTX_new().map { Handle(pointer: $0) } }, free: { EVP_MD_CTX_free($0.pointer) })

        init(_ digest: Digest) {
            guard let algorithm = EVP_MD_fetch(nil, digest.openSSLName, nil) else {
                fatalError("libcrypto has no \(digest.openSSLName)")
            }
            self.algorithm = Handle(pointer: algorithm)
        }
    }

    private static let sha256Provider = Provider(.sha256)
    private static let sha384Provider = Provider(.sha384)
    private static let sha512Provider = Provider(.sha512)
}
