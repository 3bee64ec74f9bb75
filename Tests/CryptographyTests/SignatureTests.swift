// Signatures of every scheme, and everything malformed that a peer could hand in instead of one.
import MartletCryptography
import MartletEncoding
import Testing

@Suite struct SignatureTests {
    private static let schemes: [(KeyKind, SignatureScheme)] = [
        (.ec(.p256), .ecdsa(.sha256)), (.ec(.p384), .ecdsa(.sha384)), (.ed25519, .eddsa), (.rsa, .rsaPKCS1(.sha256)),
        (.rsa, .rsaPKCS1(.sha512)), (.rsa, .rsaPSS(.sha256)), (.rsa, .rsaPSS(.sha384)), (.rsa, .rsaPSS(.sha512)),
    ]

    @Test(arguments: schemes)
    func `a signature is valid for its message and key alone`(kind: KeyKind, scheme: SignatureScheme) throws {
        let key = try PrivateKey.generate(kind)
        let (signer, verifier) = (try SigningKey(key, scheme), try VerificationKey(key.publicKey, scheme))
        let message = Array("header.payload".utf8)
        // More than once: later rounds use contexts that signed, accepted and refused before.
        for _ in 0..<3 {
            let signature = try signer.sign(message)
            #expect(signature.count == verifier.signatureLength)
            #expect(verifier.isValid(signature: signature, for: message))
            #expect(!verifier.isValid(signature: signature, for: message + [0]))
            #expect(!verifier.isValid(signature: signature + [0], for: message))
            #expect(!verifier.isValid(signature: signature.dropLast(), for: message))
            #expect(!verifier.isValid(signature: [], for: message))
            var altered = signature
            altered[signature.count / 2] ^= 1
            #expect(!verifier.isValid(signature: altered, for: message))
        }
        let other = try VerificationKey(try PrivateKey.generate(kind).publicKey, scheme)
        #expect(!other.isValid(signature: try signer.sign(message), for: message))
    }

    @Test func `RSA paddings and digests are not taken for one another`() throws {
        let key = try PrivateKey.generate(.rsa)
        let schemes: [SignatureScheme] = [.rsaPKCS1(.sha256), .rsaPKCS1(.sha384), .rsaPSS(.sha256), .rsaPSS(.sha384)]
        for (signing, scheme) in schemes.enumerated() {
            let signature = try SigningKey(key, scheme).sign([1, 2, 3])
            for (verifying, other) in schemes.enumerated() {
                let isValid = try VerificationKey(key.publicKey, other).isValid(signature: signature, for: [1, 2, 3])
                #expect(isValid == (signing == verifying))
            }
        }
    }

    @Test(arguments: [EllipticCurve.p256, .p384])
    func `r and s are in 1…n−1`(curve: EllipticCurve) throws {
        let key = try PrivateKey.generate(.ec(curve))
        let verifier = try VerificationKey(key.publicKey, .ecdsa(.sha256))
        let signature = try SigningKey(key, .ecdsa(.sha256)).sign([7])
        let order = Self.order(curve)
        let zero = [UInt8](repeating: 0, count: curve.coordinateLength)
        let (r, s) = (Array(signature.prefix(curve.coordinateLength)), Array(signature.suffix(curve.coordinateLength)))
        for bad in [zero + s, r + zero, order + s, r + order, zero + zero, order + order, [UInt8](repeating: 0xFF, count: signature.count)]
        {
            #expect(!verifier.isValid(signature: bad, for: [7]))
        }
        #expect(verifier.isValid(signature: r + s, for: [7]))
    }

    @Test func `signatures with short r or s keep their length`() throws {
        // One in 128 signatures has a leading zero byte in r or s, which DER drops and JOSE keeps.
        let key = try PrivateKey.generate(.ec(.p256))
        let (signer, verifier) = (try SigningKey(key, .ecdsa(.sha256)), try VerificationKey(key.publicKey, .ecdsa(.sha256)))
        for number in 0..<4000 {
            let message = Array("\(number)".utf8)
            let signature = try signer.sign(message)
            #expect(signature.count == 64 && verifier.isValid(signature: signature, for: message))
            if signature[0] == 0 || signature[32] == 0 { return }
        }
        Issue.record("4000 signatures without a leading zero byte are no ECDSA signatures")
    }

    @Test func `a scheme is refused for another kind of key`() throws {
        let key = try PrivateKey.generate(.ed25519)
        #expect(throws: CryptographyError.wrongKeyKind) { try SigningKey(key, .ecdsa(.sha256)) }
        #expect(throws: CryptographyError.wrongKeyKind) { try VerificationKey(key.publicKey, .rsaPSS(.sha256)) }
    }

    @Test func `one key verifies on many threads at once`() async throws {
        for (kind, scheme) in [(KeyKind.ec(.p256), SignatureScheme.ecdsa(.sha256)), (.ed25519, .eddsa)] {
            let key = try PrivateKey.generate(kind)
            let (signer, verifier) = (try SigningKey(key, scheme), try VerificationKey(key.publicKey, scheme))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for thread in 0..<8 {
                    group.addTask {
                        for number in 0..<50 {
                            let message = Array("\(thread) \(number)".utf8)
                            let signature = try signer.sign(message)
                            guard verifier.isValid(signature: signature, for: message),
                                !verifier.isValid(signature: signature, for: message + [1])
                            else { return false }
                        }
                        return true
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    private static func order(_ curve: EllipticCurve) -> [UInt8] {
        let text =
            switch curve {
            case .p256: "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
            case .p384:
                "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
            }
        let digits = text.utf8.compactMap(Hex.value)
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension VerificationKey {
    fileprivate func isValid(signature: ArraySlice<UInt8>, for message: [UInt8]) -> Bool {
        isValid(signature: Array(signature), for: message)
    }
}
