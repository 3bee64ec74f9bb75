// Keys in and out: what was exported comes back the same, and numbers that make no key are refused.
import MartletCryptography
import Testing

@Suite struct KeyTests {
    @Test(arguments: [KeyKind.ec(.p256), .ec(.p384), .ed25519, .rsa])
    func `an exported key pair comes back and signs for the same public key`(kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let copy = try PrivateKey(key.publicKey.components, try key.privateComponents())
        let scheme = Self.scheme(kind)
        let signature = try SigningKey(copy, scheme).sign([1])
        #expect(try VerificationKey(key.publicKey, scheme).isValid(signature: signature, for: [1]))
        #expect(copy.publicKey.components == key.publicKey.components)
    }

    @Test(arguments: [KeyKind.ec(.p256), .ec(.p384), .ed25519, .rsa])
    func `a private part that belongs to another public part is refused`(kind: KeyKind) throws {
        let (one, other) = (try PrivateKey.generate(kind), try PrivateKey.generate(kind))
        #expect(throws: CryptographyError.self) {
            try PrivateKey(one.publicKey.components, try other.privateComponents())
        }
    }

    @Test(arguments: [EllipticCurve.p256, .p384])
    func `points that are none of the curve's are refused`(curve: EllipticCurve) throws {
        guard case .ec(_, let x, let y) = try PrivateKey.generate(.ec(curve)).publicKey.components else {
            Issue.record("a curve key has coordinates")
            return
        }
        let zero = [UInt8](repeating: 0, count: curve.coordinateLength)
        let ones = [UInt8](repeating: 0xFF, count: curve.coordinateLength)
        var off = y
        off[off.count - 1] ^= 1
        let refused: [(x: [UInt8], y: [UInt8])] = [
            (x, off), (y, x), (zero, zero), (x, zero), (ones, y), (x, ones), (Array(x.dropFirst()), y), ([0] + x, y), ([], []), (x, []),
        ]
        for point in refused {
            #expect(throws: CryptographyError.invalidKey) { try PublicKey(.ec(curve, x: point.x, y: point.y)) }
        }
        _ = try PublicKey(.ec(curve, x: x, y: y))
    }

    @Test(arguments: [0, 31, 33])
    func `an Ed25519 key has 32 bytes`(length: Int) {
        #expect(throws: CryptographyError.invalidKey) { try PublicKey(.ed25519(x: [UInt8](repeating: 1, count: length))) }
    }

    @Test(arguments: [UInt8(0), 1], [UInt8(0), 0x80])
    func `Ed25519 points of small order are no keys`(y: UInt8, sign: UInt8) {
        let prime = [UInt8(0xED)] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        let points = [
            [y] + [UInt8](repeating: 0, count: 30) + [sign],
            [prime[0] + y] + prime[1..<31] + [0x7F | sign],
            [prime[0] - 1] + prime[1..<31] + [0x7F | sign],
        ]
        for point in points {
            #expect(throws: CryptographyError.invalidKey) { try PublicKey(.ed25519(x: point)) }
        }
    }

    @Test func `RSA keys outside 2048…8192 bits, or with a bad exponent, are refused`() throws {
        func modulus(bytes: Int) -> [UInt8] { [0x80] + [UInt8](repeating: 0x11, count: bytes - 1) }
        let e: [UInt8] = [1, 0, 1]
        #expect(throws: CryptographyError.keyTooSmall) { try PublicKey(.rsa(n: modulus(bytes: 128), e: e)) }
        #expect(throws: CryptographyError.keyTooSmall) { try PublicKey(.rsa(n: [0x7F] + modulus(bytes: 255), e: e)) }
        #expect(throws: CryptographyError.keyTooLarge) { try PublicKey(.rsa(n: modulus(bytes: 1025), e: e)) }
        #expect(throws: CryptographyError.invalidKey) { try PublicKey(.rsa(n: [0] + modulus(bytes: 256), e: e)) }
        #expect(throws: CryptographyError.invalidKey) { try PublicKey(.rsa(n: modulus(bytes: 255) + [0x10], e: e)) }
        for exponent: [UInt8] in [[], [1], [2], [0, 1, 0, 1], [UInt8](repeating: 0xFF, count: 9)] {
            #expect(throws: CryptographyError.invalidKey) { try PublicKey(.rsa(n: modulus(bytes: 256), e: exponent)) }
        }
        #expect(try PublicKey(.rsa(n: modulus(bytes: 256), e: e)).bits == 2048)
    }

    @Test func `a scalar of 0 or of n is no private key`() throws {
        let key = try PrivateKey.generate(.ec(.p256))
        for d in [[UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xFF, count: 32)] {
            #expect(throws: CryptographyError.invalidKey) { try PrivateKey(key.publicKey.components, .ec(d: d)) }
        }
    }

    @Test func `small RSA keys are not made`() {
        #expect(throws: CryptographyError.keyTooSmall) { try PrivateKey.generate(.rsa, rsaBits: 1024) }
        #expect(throws: CryptographyError.keyTooLarge) { try PrivateKey.generate(.rsa, rsaBits: 16_384) }
    }

    private static func scheme(_ kind: KeyKind) -> SignatureScheme {
        switch kind {
        case .ec: .ecdsa(.sha256)
        case .ed25519: .eddsa
        case .rsa: .rsaPSS(.sha256)
        }
    }
}
