// JWK: one key that can be used for signatures (RFC 7517). It is checked when it comes in, so a value of this type works:
// other uses, unknown types and curves, and keys that are too small never become one. Reading and writing the JSON is in
// JWK+Import and JWK+Export.
public import MartletCryptography
import MartletEncoding

/// A signature key: public, private, or a shared secret.
public struct JWK: Sendable {
    /// `kid`.
    public let keyID: String?
    /// `alg`: the only algorithm the key may be used with; nil when it does not say.
    public let algorithm: SignatureAlgorithm?
    /// `signs`, a member of Martlet's own: the only `typ` of tokens that the key signs, or several with a space between; nil when it
    /// does not say.
    public let signs: String?
    let material: Material

    /// A new key with a `kid` of its own: the thumbprint (RFC 7638), or for a secret, whose hash is nobody's business,
    /// 16 random bytes. `rsaBits` (2048…8192) matters to RSA only, `random` to secrets only; `signs` limits it to
    /// one `typ`, or some with a space between.
    public static func generate(
        _ algorithm: SignatureAlgorithm, rsaBits: Int = 2048, signs: String? = nil, random: RandomSource = .secure
    ) throws(JOSEError) -> JWK {
        guard let kind = algorithm.keyKind else {
            let secret = Secret(random.bytes(algorithm.minimumKeyBits / 8))
            return JWK(keyID: Base64URL.encode(random.bytes(16)), algorithm: algorithm, signs: signs, material: .secret(secret))
        }
        do {
            let key = try PrivateKey.generate(kind, rsaBits: rsaBits)
            let unnamed = JWK(keyID: nil, algorithm: algorithm, signs: signs, material: .privateKey(key))
            return JWK(keyID: unnamed.thumbprint, algorithm: algorithm, signs: signs, material: unnamed.material)
        } catch {
            throw JOSEError(error)
        }
    }

    /// Whether this key is a secret shared by signer and verifier (`kty` `oct`).
    public var isSymmetric: Bool {
        if case .secret = material { true } else { false }
    }

    /// Whether this key can sign.
    public var isPrivate: Bool {
        if case .publicKey = material { false } else { true }
    }

    /// The algorithms it may be used with: its `alg`, else all that its type and curve admit.
    public var algorithms: [SignatureAlgorithm] {
        algorithm.map { [$0] } ?? SignatureAlgorithm.admitted(by: kind)
    }

    /// Checks signatures of `algorithm`; throws ``JOSEError/algorithmMismatch`` when the key is not for it.
    public func verificationKey(_ algorithm: SignatureAlgorithm) throws(JOSEError) -> JWSVerificationKey {
        guard algorithms.contains(algorithm) else { throw .algorithmMismatch }
        switch (material, algorithm.scheme) {
        case (.secret(let secret), nil):
            return JWSVerificationKey(
                keyID: keyID, algorithm: algorithm, signs: signs, .secret(HMACKey(secret, algorithm.macDigest ?? .sha256)))
        case (.publicKey(let key), let scheme?):
            return JWSVerificationKey(keyID: keyID, algorithm: algorithm, signs: signs, .publicKey(try Self.verification(key, scheme)))
        case (.privateKey(let key), let scheme?):
            return JWSVerificationKey(
                keyID: keyID, algorithm: algorithm, signs: signs, .publicKey(try Self.verification(key.publicKey, scheme)))
        default: throw .algorithmMismatch
        }
    }

    /// Signs with `algorithm` (by default the key's own) under the given `typ`. Throws ``JOSEError/notAPrivateKey`` for a
    /// public key and ``JOSEError/algorithmMismatch`` when the key is not for the algorithm, or names none and none is given.
    public func signer(_ algorithm: SignatureAlgorithm? = nil, type: String?) throws(JOSEError) -> JWSSigner {
        guard let algorithm = algorithm ?? self.algorithm, algorithms.contains(algorithm) else { throw .algorithmMismatch }
        switch (material, algorithm.scheme) {
        case (.secret(let secret), nil):
            return JWSSigner(keyID: keyID, algorithm: algorithm, type: type, .secret(HMACKey(secret, algorithm.macDigest ?? .sha256)))
        case (.privateKey(let key), let scheme?):
            do {
                return JWSSigner(keyID: keyID, algorithm: algorithm, type: type, .privateKey(try SigningKey(key, scheme)))
            } catch {
                throw JOSEError(error)
            }
        case (.publicKey, _): throw .notAPrivateKey
        default: throw .algorithmMismatch
        }
    }

    /// nil stands for a shared secret.
    var kind: KeyKind? {
        switch material {
        case .publicKey(let key): key.kind
        case .privateKey(let key): key.kind
        case .secret: nil
        }
    }

    private static func verification(_ key: PublicKey, _ scheme: SignatureScheme) throws(JOSEError) -> VerificationKey {
        do { return try VerificationKey(key, scheme) } catch { throw JOSEError(error) }
    }

    enum Material: Sendable {
        case publicKey(PublicKey)
        case privateKey(PrivateKey)
        case secret(Secret)
    }
}

extension JOSEError {
    init(_ error: CryptographyError) {
        switch error {
        case .invalidKey: self = .invalidKey
        case .keyTooSmall: self = .keyTooSmall
        case .keyTooLarge: self = .keyTooLarge
        case .mismatchedKeyPair: self = .mismatchedKeyPair
        case .wrongKeyKind: self = .algorithmMismatch
        case .notAuthentic, .libraryFailure: self = .libraryFailure
        }
    }
}
