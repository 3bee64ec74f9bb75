// HMACKey: HMAC over SHA-2 (RFC 2104, FIPS 198-1). The key is expanded once, into contexts that are kept.
import CMartletOpenSSL

/// A secret that authenticates messages.
public final class HMACKey: Sendable {
    /// Length of a code in bytes when nothing else is said of the digest.
    public static let codeLength = 32
    private let digest: Digest
    private let pool: ContextPool

    /// A key of any length; what a protocol demands of its length is checked there (RFC 7518 §3.2 wants 32 bytes for HS256).
    public convenience init(_ secret: [UInt8], _ digest: Digest = .sha256) {
        self.init(Secret(secret), digest)
    }

    /// A key of any length.
    public init(_ secret: Secret, _ digest: Digest = .sha256) {
        self.digest = digest
        pool = ContextPool(make: { Self.context(secret, digest) }, free: { EVP_MAC_CTX_free($0.pointer) })
    }

    /// The code of `message`: as long as the digest.
    public func code(for message: [UInt8]) -> [UInt8] {
        message.withUnsafeBufferPointer { code(for: $0) }
    }

    /// Whether `code` is the one of `message`, in time that does not depend on where they differ.
    public func isValid(code: [UInt8], for message: [UInt8]) -> Bool {
        ConstantTime.equal(code, self.code(for: message))
    }

    /// The code of `message`: as long as the digest.
    package func code(for message: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: digest.byteCount) { output, count in
            let isDone: Bool? = pool.withContext { context in
                // Without a key the context starts again with the one it has (EVP_MAC(3)).
                guard EVP_MAC_init(context, nil, 0, nil) == 1, EVP_MAC_update(context, message.baseAddress, message.count) == 1,
                    EVP_MAC_final(context, output.baseAddress, &count, output.count) == 1
                else { return nil }
                return true
            }
            guard isDone != nil, count == digest.byteCount else { fatalError("libcrypto cannot compute HMAC") }
        }
    }

    private static func context(_ secret: Secret, _ digest: Digest) -> Handle? {
        guard let context = EVP_MAC_CTX_new(algorithm.pointer) else { return nil }
        var name = Array(digest.openSSLName.utf8CString)
        let isReady = name.withUnsafeMutableBufferPointer { digest in
            // Parameters point at their names and values: both must live until the call.
            OSSL_MAC_PARAM_DIGEST.withCString { name in
                let parameters = [OSSL_PARAM_construct_utf8_string(name, digest.baseAddress, 0), OSSL_PARAM_construct_end()]
                return secret.withBytes { EVP_MAC_init(context, $0.baseAddress, $0.count, parameters) == 1 }
            }
        }
        guard isReady else {
            EVP_MAC_CTX_free(context)
            return nil
        }
        return Handle(pointer: context)
    }

    private static let algorithm: Handle = {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { fatalError("libcrypto has no HMAC") }
        return Handle(pointer: algorithm)
    }()
}
