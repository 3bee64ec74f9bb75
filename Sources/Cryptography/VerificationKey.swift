// VerificationKey: a public key bound to one signature scheme, with contexts ready to verify.
import CMartletOpenSSL

/// Verifies signatures of one key in one scheme.
public final class VerificationKey: Sendable {
    /// The key.
    public let publicKey: PublicKey
    /// The scheme.
    public let scheme: SignatureScheme
    /// The only length in bytes that a signature can have.
    public let signatureLength: Int
    private let pool: ContextPool

    /// Binds a key to a scheme; throws ``CryptographyError/wrongKeyKind`` when it is not for that kind of key.
    public init(_ publicKey: PublicKey, _ scheme: SignatureScheme) throws(CryptographyError) {
        guard scheme.fits(publicKey.kind) else { throw .wrongKeyKind }
        self.publicKey = publicKey
        self.scheme = scheme
        switch publicKey.kind {
        case .ec(let curve): signatureLength = 2 * curve.coordinateLength
        case .ed25519: signatureLength = 64
        case .rsa: signatureLength = (publicKey.bits + 7) / 8
        }
        pool =
            scheme == .eddsa
            ? ContextPool(make: { Self.messageContext(publicKey) }, free: { EVP_MD_CTX_free($0.pointer) })
            : ContextPool(make: { Self.digestContext(publicKey, scheme) }, free: { EVP_PKEY_CTX_free($0.pointer) })
    }

    /// Whether `signature` is this key's for `message`. Anything malformed is just not valid.
    public func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        signature.withUnsafeBufferPointer { signature in
            message.withUnsafeBufferPointer { isValid(signature: signature, for: $0) }
        }
    }

    /// Whether `signature` is this key's for `message`. Anything malformed is just not valid.
    package func isValid(signature: UnsafeBufferPointer<UInt8>, for message: UnsafeBufferPointer<UInt8>) -> Bool {
        guard signature.count == signatureLength else { return false }
        guard let digest = scheme.digest else { return isValid(edDSA: signature, for: message) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digest.byteCount) { hash in
            guard let base = hash.baseAddress else { return false }
            digest.hash(message, into: base)
            guard case .ec(let curve) = publicKey.kind else { return verify(signature, hash: UnsafeBufferPointer(hash)) }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ECDSASignature.maximumDERLength) { der in
                guard let length = ECDSASignature.writeDER(raw: signature, on: curve, to: der) else { return false }
                return verify(UnsafeBufferPointer(rebasing: der[..<length]), hash: UnsafeBufferPointer(hash))
            }
        }
    }

    private func verify(_ signature: UnsafeBufferPointer<UInt8>, hash: UnsafeBufferPointer<UInt8>) -> Bool {
        pool.withContext { context -> Bool? in
            // A context that said no may hold anything: it is not kept.
            EVP_PKEY_verify(context, signature.baseAddress, signature.count, hash.baseAddress, hash.count) == 1 ? true : nil
        } ?? false
    }

    private func isValid(edDSA signature: UnsafeBufferPointer<UInt8>, for message: UnsafeBufferPointer<UInt8>) -> Bool {
        pool.withContext { context -> Bool? in
            // Nil arguments start the context again with the key it has (EVP_DigestVerifyInit(3)).
            guard EVP_DigestVerifyInit(context, nil, nil, nil, nil) == 1,
                EVP_DigestVerify(context, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            else { return nil }
            return true
        } ?? false
    }

    private static func digestContext(_ key: PublicKey, _ scheme: SignatureScheme) -> Handle? {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.handle.pointer, nil) else { return nil }
        guard EVP_PKEY_verify_init(context) == 1, scheme.configure(context) else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return Handle(pointer: context)
    }

    private static func messageContext(_ key: PublicKey) -> Handle? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key.handle.pointer) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        return Handle(pointer: context)
    }
}
