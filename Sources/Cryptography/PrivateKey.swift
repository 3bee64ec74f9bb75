// PrivateKey: an asymmetric key pair, generated here or imported and checked against its public part. The secret numbers
// stay in libcrypto's memory and are read out for export only.
import CMartletOpenSSL

/// A checked key pair.
public final class PrivateKey: Sendable {
    /// The public part.
    public let publicKey: PublicKey
    let handle: Handle

    /// A new key of `kind`; `rsaBits` is 2048…8192 and matters to RSA only. RSA takes up to seconds.
    public static func generate(_ kind: KeyKind, rsaBits: Int = 2048) throws(CryptographyError) -> PrivateKey {
        let handle = try generateHandle(kind, rsaBits: rsaBits)
        do throws(CryptographyError) {
            return PrivateKey(publicKey: try PublicKey(PublicKeyComponents(of: handle, kind)), handle: handle)
        } catch {
            EVP_PKEY_free(handle.pointer)
            throw error
        }
    }

    /// Takes a key pair whose parts belong together; throws ``CryptographyError/mismatchedKeyPair`` when they do not.
    public convenience init(_ publicComponents: PublicKeyComponents, _ components: PrivateKeyComponents) throws(CryptographyError) {
        let publicKey = try PublicKey(publicComponents)
        let handle = try Self.importHandle(publicComponents, components)
        self.init(publicKey: publicKey, handle: handle)
        // A signature by the private part that the public part accepts proves that they belong together.
        let scheme = SignatureScheme.any(for: publicKey.kind)
        let probe = Array("key pair".utf8)
        let signer = try SigningKey(self, scheme)
        guard let signature = try? signer.sign(probe), try VerificationKey(publicKey, scheme).isValid(signature: signature, for: probe)
        else { throw .mismatchedKeyPair }
    }

    private init(publicKey: PublicKey, handle: Handle) {
        self.publicKey = publicKey
        self.handle = handle
    }

    deinit {
        EVP_PKEY_free(handle.pointer)
    }

    /// What kind of key this is.
    public var kind: KeyKind { publicKey.kind }

    /// The secret numbers, for export: for whoever seals them, and nobody else.
    public func privateComponents() throws(CryptographyError) -> PrivateKeyComponents {
        switch kind {
        case .ec(let curve):
            return .ec(d: try KeyParameters.number(OSSL_PKEY_PARAM_PRIV_KEY, of: handle, length: curve.coordinateLength))
        case .ed25519:
            var seed = [UInt8](repeating: 0, count: 32)
            var count = seed.count
            guard EVP_PKEY_get_raw_private_key(handle.pointer, &seed, &count) == 1, count == 32 else { throw .libraryFailure }
            return .ed25519(seed: seed)
        case .rsa:
            return .rsa(
                d: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_D, of: handle),
                p: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_FACTOR + "1", of: handle),
                q: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_FACTOR + "2", of: handle),
                dp: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT + "1", of: handle),
                dq: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT + "2", of: handle),
                qi: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_COEFFICIENT + "1", of: handle))
        }
    }

    private static func importHandle(
        _ publicComponents: PublicKeyComponents, _ components: PrivateKeyComponents
    ) throws(CryptographyError) -> Handle {
        var parameters = try KeyParameters()
        switch (publicComponents, components) {
        case (.ec(let curve, let x, let y), .ec(let d)):
            let isScalar = d.withUnsafeBufferPointer { ECDSASignature.isScalar($0, on: curve) }
            guard d.count == curve.coordinateLength, isScalar else { throw .invalidKey }
            parameters.text(OSSL_PKEY_PARAM_GROUP_NAME, curve.groupName)
            parameters.number(OSSL_PKEY_PARAM_PRIV_KEY, d)
            return try parameters.makeKey("EC", isPrivate: true, point: [0x04] + x + y)
        case (.ed25519, .ed25519(let seed)):
            guard seed.count == 32, let key = EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count) else {
                ERR_clear_error()
                throw .invalidKey
            }
            return Handle(pointer: key)
        case (.rsa(let n, let e), .rsa(let d, let p, let q, let dp, let dq, let qi)):
            let parts = [d, p, q, dp, dq, qi]
            guard parts.allSatisfy({ !$0.isEmpty && $0.count <= n.count }) else { throw .invalidKey }
            parameters.number(OSSL_PKEY_PARAM_RSA_N, n)
            parameters.number(OSSL_PKEY_PARAM_RSA_E, e)
            parameters.number(OSSL_PKEY_PARAM_RSA_D, d)
            parameters.number(OSSL_PKEY_PARAM_RSA_FACTOR + "1", p)
            parameters.number(OSSL_PKEY_PARAM_RSA_FACTOR + "2", q)
            parameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT + "1", dp)
            parameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT + "2", dq)
            parameters.number(OSSL_PKEY_PARAM_RSA_COEFFICIENT + "1", qi)
            return try parameters.makeKey("RSA", isPrivate: true)
        default:
            throw .wrongKeyKind
        }
    }

    private static func generateHandle(_ kind: KeyKind, rsaBits: Int) throws(CryptographyError) -> Handle {
        let type =
            switch kind {
            case .ec: "EC"
            case .ed25519: "ED25519"
            case .rsa: "RSA"
            }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw .libraryFailure }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_keygen_init(context) == 1 else { throw .libraryFailure }
        switch kind {
        case .ec(let curve):
            guard EVP_PKEY_CTX_set_group_name(context, curve.groupName) == 1 else { throw .libraryFailure }
        case .ed25519: break
        case .rsa:
            guard rsaBits >= PublicKey.minimumRSABits else { throw .keyTooSmall }
            guard rsaBits <= 8192 else { throw .keyTooLarge }
            guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(rsaBits)) == 1 else { throw .libraryFailure }
        }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else {
            ERR_clear_error()
            throw .libraryFailure
        }
        return Handle(pointer: key)
    }
}
