// SigningKey: a private key bound to one signature scheme, with contexts ready to sign.
import CMartletOpenSSL

/// Signs with one key in one scheme.
public final class SigningKey: Sendable {
    /// The key pair.
    public let privateKey: PrivateKey
    /// The scheme.
    public let scheme: SignatureScheme
    private let pool: ContextPool

    /// Binds a key to a scheme; throws ``CryptographyError/wrongKeyKind`` when it is not for that kind of key.
    public init(_ privateKey: PrivateKey, _ scheme: SignatureScheme) throws(CryptographyError) {
        guard scheme.fits(privateKey.kind) else { throw .wrongKeyKind }
        self.privateKey = privateKey
        self.scheme = scheme
        pool =
            scheme == .eddsa
            ? ContextPool(make: { Self.messageContext(privateKey) }, free: { EVP_MD_CTX_free($0.pointer) })
            : ContextPool(make: { Self.digestContext(privateKey, scheme) }, free: { EVP_PKEY_CTX_free($0.pointer) })
    }

    /// The signature of `message`, in the form that ``SignatureScheme`` names. Throws ``CryptographyError/libraryFailure`` only.
    public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try message.withUnsafeBufferPointer { message -> Result<[UInt8], CryptographyError> in
            guard let signature = sign(message) else { return .failure(.libraryFailure) }
            return .success(signature)
        }.get()
    }

    private func sign(_ message: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let digest = scheme.digest else { return signEdDSA(message) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digest.byteCount) { hash in
            guard let base = hash.baseAddress else { return nil }
            digest.hash(message, into: base)
            guard case .ec(let curve) = privateKey.kind else {
                return [UInt8](unsafeUninitializedCapacity: (privateKey.publicKey.bits + 7) / 8) { output, count in
                    count = sign(UnsafeBufferPointer(hash), to: output) ?? 0
                }.nonEmpty
            }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ECDSASignature.maximumDERLength) { der in
                guard let length = sign(UnsafeBufferPointer(hash), to: der) else { return nil }
                return ECDSASignature.raw(der: UnsafeBufferPointer(rebasing: der[..<length]), on: curve)
            }
        }
    }

    private func sign(_ hash: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        pool.withContext { context in
            var length = output.count
            guard EVP_PKEY_sign(context, output.baseAddress, &length, hash.baseAddress, hash.count) == 1 else { return nil }
            return length
        }
    }

    private func signEdDSA(_ message: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        [UInt8](unsafeUninitializedCapacity: 64) { output, count in
            count =
                pool.withContext { context -> Int? in
                    var length = output.count
                    // Nil arguments start the context again with the key it has (EVP_DigestSignInit(3)).
                    guard EVP_DigestSignInit(context, nil, nil, nil, nil) == 1,
                        EVP_DigestSign(context, output.baseAddress, &length, message.baseAddress, message.count) == 1
                    else { return nil }
                    return length
                } ?? 0
        }.nonEmpty
    }

    private static func digestContext(_ key: PrivateKey, _ scheme: SignatureScheme) -> Handle? {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.handle.pointer, nil) else { return nil }
        guard EVP_PKEY_sign_init(context) == 1, scheme.configure(context) else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return Handle(pointer: context)
    }

    private static func messageContext(_ key: PrivateKey) -> Handle? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestSignInit(context, nil, nil, nil, key.handle.pointer) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        return Handle(pointer: context)
    }
}

extension Array where Element == UInt8 {
    fileprivate var nonEmpty: [UInt8]? { isEmpty ? nil : self }
}
