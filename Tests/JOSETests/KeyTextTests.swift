// Keys as texts in somebody's settings: what is a secret, what is a public key, and what must be neither.
import MartletEncoding
import MartletJOSE
import Testing

@Suite struct KeyTextTests {
    @Test(arguments: [
        (PEMVectors.rs256, SignatureAlgorithm.rs256, RFCVectors.rs256Token),
        (PEMVectors.rs256PKCS1, .rs256, RFCVectors.rs256Token),
        (PEMVectors.es256, .es256, RFCVectors.es256Token),
        ("\n# the key of old\n" + PEMVectors.es256 + "\n", .es256, RFCVectors.es256Token),
        (PEMVectors.ed25519, .edDSA, RFCVectors.ed25519Token),
    ])
    func `a public key in PEM verifies what its JWK does, by the usual algorithm of its kind`(
        text: String, algorithm: SignatureAlgorithm, token: String
    ) throws {
        let key = try JWSVerificationKey(text: Array(text.utf8))
        #expect(key.algorithm == algorithm && key.keyID == nil)
        #expect(throws: Never.self) { try CompactJWS(parsing: Array(token.utf8)).verified(by: key) }
    }

    @Test(arguments: [
        (PEMVectors.rs256, SignatureAlgorithm.ps384), (PEMVectors.rs256, .rs512), ("a secret of thirty-two bytes, or more", .hs384),
        ("a secret of thirty-two bytes, or more", .hs512),
    ])
    func `an algorithm may be named that is for the key`(text: String, algorithm: SignatureAlgorithm) throws {
        #expect(try JWSVerificationKey(text: Array(text.utf8), algorithm: algorithm).algorithm == algorithm)
    }

    @Test(arguments: [
        (PEMVectors.rs256, SignatureAlgorithm.hs256, JOSEError.algorithmMismatch, "a public key is no secret"),
        (PEMVectors.es256, .es384, .algorithmMismatch, "another curve"),
        (PEMVectors.es256, .rs256, .algorithmMismatch, "another kind"),
        ("a secret of thirty-two bytes, or more", .rs256, .algorithmMismatch, "a secret is no public key"),
        ("a secret of thirty-one bytes ..", .hs256, .keyTooSmall, "31 bytes"),
        (PEMVectors.rsa1024, .rs256, .keyTooSmall, "1024 bits"),
        (PEMVectors.p521, .es256, .invalidKey, "a curve that is not in use"),
        (PEMVectors.es256Private, .es256, .invalidKey, "who only verifies must not be able to sign"),
        (PEMVectors.es256Private, .hs256, .invalidKey, "nor is it a secret"),
        (PEMVectors.es256SSH, .hs256, .invalidKey, "another form of a public key"),
        (PEMVectors.es256.lowercased(), .hs256, .invalidKey, "a public key that somebody spoiled"),
        (body(of: PEMVectors.es256), .hs256, .invalidKey, "a public key without its lines of dashes"),
        (body(of: PEMVectors.rs256), .hs256, .invalidKey, "and a long one"),
        ("\u{FEFF}a secret of thirty-two bytes, or more", .hs256, .invalidKey, "a byte order mark is not of the secret"),
        (RFCVectors.es256Key, .hs256, .invalidKey, "and another"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", .hs256, .invalidKey, "and one that holds a key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", .rs256, .invalidKey, "no key at all"),
    ])
    func `what looks like a key is never a secret, and what cannot be used is refused`(
        text: String, algorithm: SignatureAlgorithm, error: JOSEError, why: String
    ) {
        #expect(throws: error, Comment(rawValue: why)) { try JWSVerificationKey(text: Array(text.utf8), algorithm: algorithm) }
    }

    @Test(arguments: [SignatureAlgorithm.hs256, .hs384, .hs512])
    func `a secret verifies tokens of its one algorithm`(algorithm: SignatureAlgorithm) throws {
        let secret = Array("a secret of 64 bytes, as many as the longest of the three digests".utf8)
        let signer = try JWK(
            parsing: JSONWriter.object { writer in
                writer.member("kty", "oct")
                writer.member("alg", algorithm.name)
                writer.member("k", Base64URL.encode(secret))
            }
        ).signer(type: "JWT")
        let token = try CompactJWS(parsing: try signer.sign(Array("{}".utf8)))
        for other in [SignatureAlgorithm.hs256, .hs384, .hs512] {
            let key = try JWSVerificationKey(text: secret, algorithm: other)
            if other == algorithm {
                #expect(throws: Never.self) { try token.verified(by: key) }
            } else {
                #expect(throws: JOSEError.algorithmMismatch) { try token.verified(by: key) }
            }
        }
    }

    @Test func `a secret as a JWK is as long as its algorithm's digest, and HS256's when it does not say`() throws {
        func secret(_ count: Int, _ algorithm: String?) throws(JOSEError) -> JWK {
            try JWK(
                parsing: JSONWriter.object { writer in
                    writer.member("kty", "oct")
                    if let algorithm { writer.member("alg", algorithm) }
                    writer.member("k", Base64URL.encode([UInt8](repeating: 7, count: count)))
                })
        }
        #expect(try secret(64, nil).algorithms == [.hs256])
        #expect(try secret(48, "HS384").algorithms == [.hs384])
        #expect(throws: JOSEError.keyTooSmall) { try secret(47, "HS384") }
        #expect(throws: JOSEError.keyTooSmall) { try secret(63, "HS512") }
    }

    /// PEM without its first and last line.
    private static func body(of pem: String) -> String {
        pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined(separator: "\n")
    }
}
