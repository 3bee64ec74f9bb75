// SignatureAlgorithm: the one table of JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1). Adding one is adding a row here;
// no other file lists them. "none" is not in it, so nothing can name it.
public import MartletCryptography

/// A JWS `alg`.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case es256 = "ES256"
    case es384 = "ES384"
    case edDSA = "EdDSA"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    private var row: Row {
        switch self {
        case .es256: Row(.ec(.p256), .ecdsa(.sha256), signature: 64, keyBits: 256)
        case .es384: Row(.ec(.p384), .ecdsa(.sha384), signature: 96, keyBits: 384)
        case .edDSA: Row(.ed25519, .eddsa, signature: 64, keyBits: 256)
        case .rs256: Row(.rsa, .rsaPKCS1(.sha256), signature: nil, keyBits: 2048)
        case .rs384: Row(.rsa, .rsaPKCS1(.sha384), signature: nil, keyBits: 2048)
        case .rs512: Row(.rsa, .rsaPKCS1(.sha512), signature: nil, keyBits: 2048)
        case .ps256: Row(.rsa, .rsaPSS(.sha256), signature: nil, keyBits: 2048)
        case .ps384: Row(.rsa, .rsaPSS(.sha384), signature: nil, keyBits: 2048)
        case .ps512: Row(.rsa, .rsaPSS(.sha512), signature: nil, keyBits: 2048)
        case .hs256: Row(nil, nil, mac: .sha256, signature: 32, keyBits: 256)
        case .hs384: Row(nil, nil, mac: .sha384, signature: 48, keyBits: 384)
        case .hs512: Row(nil, nil, mac: .sha512, signature: 64, keyBits: 512)
        }
    }

    /// The name in the header and in a JWK, such as `ES256`.
    public var name: String { rawValue }
    /// Whether signer and verifier share one secret: whoever verifies can then also sign.
    public var isSymmetric: Bool { row.scheme == nil }
    /// The kind of key; nil for a shared secret.
    public var keyKind: KeyKind? { row.keyKind }
    /// Arithmetic, digest and padding; nil for HMAC.
    public var scheme: SignatureScheme? { row.scheme }
    /// The digest under HMAC; nil for a signature that whoever verifies cannot make.
    var macDigest: Digest? { row.macDigest }
    /// What hashes of tokens are made by (`at_hash`, OpenID Connect Core 1.0 §3.1.3.6: "the hash algorithm used in the alg"); for Ed25519,
    /// whose own hash that is, SHA-512.
    public var digest: Digest { row.macDigest ?? row.scheme?.digest ?? .sha512 }
    /// Length of every signature in bytes; nil where it is the length of the key's modulus.
    public var signatureLength: Int? { row.signatureLength }
    /// The smallest key in bits.
    public var minimumKeyBits: Int { row.minimumKeyBits }

    /// Those whose verifiers hold no secret.
    public static let asymmetric = allCases.filter { !$0.isSymmetric }

    /// Those that a key of this kind can be used with when it does not say; nil stands for a shared secret, which is HS256's then.
    static func admitted(by kind: KeyKind?) -> [SignatureAlgorithm] {
        guard let kind else { return [.hs256] }
        return allCases.filter { $0.keyKind == kind }
    }

    private struct Row {
        let keyKind: KeyKind?
        let scheme: SignatureScheme?
        let macDigest: Digest?
        let signatureLength: Int?
        let minimumKeyBits: Int

        init(_ keyKind: KeyKind?, _ scheme: SignatureScheme?, mac: Digest? = nil, signature: Int?, keyBits: Int) {
            self.keyKind = keyKind
            self.scheme = scheme
            macDigest = mac
            signatureLength = signature
            minimumKeyBits = keyBits
        }
    }
}
