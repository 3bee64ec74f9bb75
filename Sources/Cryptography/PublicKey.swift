// PublicKey: an asymmetric public key that was checked when it came in. It does nothing by itself: together with a
// `SignatureScheme` it makes a `VerificationKey`.
import CMartletOpenSSL
import MartletEncoding

/// A checked public key.
public final class PublicKey: Sendable {
    /// The numbers.
    public let components: PublicKeyComponents
    /// Bits of the modulus or of the curve.
    public let bits: Int
    let handle: Handle

    /// Checks and takes a public key. A point off the curve, at infinity or of small order, coordinates of another length, an RSA modulus
    /// under 2048 or over 8192 bits, an even or huge exponent: each is refused.
    public init(_ components: PublicKeyComponents) throws(CryptographyError) {
        switch components {
        case .ec(let curve, let x, let y):
            guard x.count == curve.coordinateLength, y.count == curve.coordinateLength else { throw .invalidKey }
            var parameters = try KeyParameters()
            parameters.text(OSSL_PKEY_PARAM_GROUP_NAME, curve.groupName)
            // Uncompressed point, SEC 1 §2.3.3; libcrypto checks that it is on the curve (§2.3.4).
            handle = try parameters.makeKey("EC", isPrivate: false, point: [0x04] + x + y)
        case .ed25519(let x):
            guard x.count == 32, !Self.isOfSmallOrder(x), let key = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, x, x.count) else {
                ERR_clear_error()
                throw .invalidKey
            }
            handle = Handle(pointer: key)
        case .rsa(let n, let e):
            try Self.check(modulus: n, exponent: e)
            var parameters = try KeyParameters()
            parameters.number(OSSL_PKEY_PARAM_RSA_N, n)
            parameters.number(OSSL_PKEY_PARAM_RSA_E, e)
            handle = try parameters.makeKey("RSA", isPrivate: false)
        }
        self.components = components
        bits = Int(EVP_PKEY_get_bits(handle.pointer))
    }

    deinit {
        EVP_PKEY_free(handle.pointer)
    }

    /// What kind of key this is.
    public var kind: KeyKind { components.kind }

    static func check(modulus n: [UInt8], exponent e: [UInt8]) throws(CryptographyError) {
        guard let first = n.first, let last = n.last, first != 0, last & 1 == 1 else { throw .invalidKey }
        let bits = n.count * 8 - first.leadingZeroBitCount
        guard bits >= minimumRSABits else { throw .keyTooSmall }
        guard bits <= maximumRSABits else { throw .keyTooLarge }
        // RFC 8017 §3.1: e is odd and at least 3; eight bytes bound the work that a stranger's key can cause.
        guard let first = e.first, let last = e.last, first != 0, last & 1 == 1, e != [1], e.count <= 8 else { throw .invalidKey }
    }

    /// Whether an Ed25519 point has an order that divides 8, in any spelling: everyone can sign for such a key.
    private static func isOfSmallOrder(_ x: [UInt8]) -> Bool {
        // Without the sign bit, the y coordinate, little-endian. Those of small order are 0, 1 and −1 (also with p = 2^255 − 19
        // added, where that fits) and two of order 8.
        let y = Array(x.dropLast()) + [x[31] & 0x7F]
        let isNearPrime = y[1...30].allSatisfy { $0 == 0xFF } && y[31] == 0x7F && (0xEC...0xEE).contains(y[0])
        let isTiny = y[0] <= 1 && y.dropFirst().allSatisfy { $0 == 0 }
        return isNearPrime || isTiny || orderEight.contains(Hex.encode(y))
    }

    private static let orderEight = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ]

    /// RFC 7518 §3.3.
    static let minimumRSABits = 2048
    private static let maximumRSABits = 8192
}
