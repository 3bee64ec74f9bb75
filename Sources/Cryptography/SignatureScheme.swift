// SignatureScheme: how a key signs: which arithmetic, which digest, which padding. Sets libcrypto's contexts up for it.
import CMartletOpenSSL

/// A way to sign.
public enum SignatureScheme: Sendable, Hashable {
    /// ECDSA (FIPS 186-5 §6) over a digest; the signature is r ‖ s.
    case ecdsa(Digest)
    /// Ed25519 (RFC 8032 §5.1, pure).
    case eddsa
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    case rsaPKCS1(Digest)
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 with the same digest, salt as long as the digest (RFC 7518 §3.5).
    case rsaPSS(Digest)

    /// Whether a key of `kind` can sign this way.
    public func fits(_ kind: KeyKind) -> Bool {
        switch (self, kind) {
        case (.ecdsa, .ec), (.eddsa, .ed25519), (.rsaPKCS1, .rsa), (.rsaPSS, .rsa): true
        default: false
        }
    }

    static func any(for kind: KeyKind) -> SignatureScheme {
        switch kind {
        case .ec: .ecdsa(.sha256)
        case .ed25519: .eddsa
        case .rsa: .rsaPKCS1(.sha256)
        }
    }

    /// Sets up a context that has been initialised to sign or to verify.
    func configure(_ context: OpaquePointer) -> Bool {
        switch self {
        case .eddsa: true
        case .ecdsa(let digest):
            EVP_PKEY_CTX_set_signature_md(context, digest.algorithm) == 1
        case .rsaPKCS1(let digest):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
                && EVP_PKEY_CTX_set_signature_md(context, digest.algorithm) == 1
        case .rsaPSS(let digest):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_signature_md(context, digest.algorithm) == 1
                && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest.algorithm) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, Int32(digest.byteCount)) == 1
        }
    }

    /// What is hashed before the signature; nil for EdDSA, which takes the whole message.
    public var digest: Digest? {
        switch self {
        case .ecdsa(let digest), .rsaPKCS1(let digest), .rsaPSS(let digest): digest
        case .eddsa: nil
        }
    }
}
