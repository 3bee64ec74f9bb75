// KeyComponents: the numbers that make a key, big-endian without sign, as JWK writes them (RFC 7518 §6, RFC 8037 §2).
// Plain values; nothing here has been checked. `PublicKey` and `PrivateKey` do that.

/// The kind of an asymmetric key.
public enum KeyKind: Sendable, Hashable {
    case ec(EllipticCurve)
    case ed25519
    case rsa
}

/// What everyone may know of a key.
public enum PublicKeyComponents: Sendable, Hashable {
    /// Affine coordinates, each as long as the curve's.
    case ec(EllipticCurve, x: [UInt8], y: [UInt8])
    /// The 32 bytes of RFC 8032 §5.1.5.
    case ed25519(x: [UInt8])
    /// Modulus and public exponent, without leading zeros.
    case rsa(n: [UInt8], e: [UInt8])

    /// The kind of key this makes.
    public var kind: KeyKind {
        switch self {
        case .ec(let curve, _, _): .ec(curve)
        case .ed25519: .ed25519
        case .rsa: .rsa
        }
    }
}

/// What only the holder may know of a key. Lives as briefly as can be: for import and export.
public enum PrivateKeyComponents: Sendable {
    /// The scalar, as long as the curve's coordinates.
    case ec(d: [UInt8])
    /// The 32 bytes of RFC 8032 §5.1.5.
    case ed25519(seed: [UInt8])
    /// Private exponent, the two primes, and what CRT needs (RFC 8017 §3.2).
    case rsa(d: [UInt8], p: [UInt8], q: [UInt8], dp: [UInt8], dq: [UInt8], qi: [UInt8])
}
