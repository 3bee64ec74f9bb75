// Tokens: the RFCs' examples verify, and nothing that differs from a token by a byte, a bit or a rule does.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import Testing

@Suite struct CompactJWSTests {
    @Test(arguments: [
        (RFCVectors.hs256Key, SignatureAlgorithm.hs256, RFCVectors.hs256Token, "RFC 7515 A.1"),
        (RFCVectors.rs256Key, .rs256, RFCVectors.rs256Token, "RFC 7515 A.2"),
        (RFCVectors.es256Key, .es256, RFCVectors.es256Token, "RFC 7515 A.3"),
        (RFCVectors.ed25519Key, .edDSA, RFCVectors.ed25519Token, "RFC 8037 A.4, A.5"),
        (RFCVectors.bilboRSAKey, .rs256, RFCVectors.bilboRS256Token, "RFC 7520 §4.1"),
        (RFCVectors.bilboRSAKey, .ps384, RFCVectors.bilboPS384Token, "RFC 7520 §4.2"),
        (RFCVectors.bilboSecret, .hs256, RFCVectors.bilboHS256Token, "RFC 7520 §4.4"),
    ])
    func `the RFCs' tokens verify`(key: String, algorithm: SignatureAlgorithm, token: String, source: String) throws {
        let key = try JWK(parsing: Array(key.utf8)).verificationKey(algorithm)
        let jws = try CompactJWS(parsing: Array(token.utf8))
        let payload = try jws.verified(by: key).payload
        #expect(Base64URL.encode(payload) == token.split(separator: ".")[1], Comment(rawValue: source))
    }

    @Test func `RFC 8037 A.4 signs to the same bytes`() throws {
        let key = try JWK(parsing: Array(RFCVectors.ed25519Key.utf8))
        let token = try key.signer(.edDSA, type: nil).sign(Array("Example of Ed25519 signing".utf8))
        #expect(String(decoding: token, as: UTF8.self) == RFCVectors.ed25519Token)
    }

    @Test func `ES512 of RFC 7520 §4.3 is not supported`() throws {
        let token = RFCVectors.bilboES512Header + "." + RFCVectors.bilboPayload + ".AAAA"
        let jws = try CompactJWS(parsing: Array(token.utf8))
        #expect(jws.unverifiedHeader.algorithm == nil && jws.unverifiedHeader.algorithmName == "ES512")
        #expect(throws: JOSEError.unsupportedCurve) { try JWK(parsing: Array(RFCVectors.bilboECKey.utf8)) }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `no byte of a token can change`(algorithm: SignatureAlgorithm) throws {
        let key = try JWK.generate(algorithm)
        let token = try key.signer(type: "at+jwt").sign(Array(#"{"sub":"a"}"#.utf8))
        let verifier = try key.verificationKey(algorithm)
        #expect(throws: Never.self) { try CompactJWS(parsing: token).verified(by: verifier) }
        for index in token.indices {
            for bit in [UInt8(0x01), 0x20, 0x80] {
                var altered = token
                altered[index] ^= bit
                #expect(throws: JOSEError.self, "byte \(index)") { try CompactJWS(parsing: altered).verified(by: verifier) }
            }
            #expect(throws: JOSEError.self, "cut at \(index)") { try CompactJWS(parsing: Array(token[..<index])).verified(by: verifier) }
        }
        #expect(throws: JOSEError.self) { try CompactJWS(parsing: token + [0x41]).verified(by: verifier) }
    }

    @Test(arguments: [
        ("", JOSEError.notThreeSegments, "nothing"),
        ("a.b", .notThreeSegments, "two segments"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AA.AA", .notThreeSegments, "four segments"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AA.", .notThreeSegments, "a trailing dot"),
        ("..", .invalidJSON, "an empty header"),
        ("eyJhbGciOiJFUzI1NiJ9=.e30.AA", .invalidBase64URL, "padding"),
        ("eyJhbGciOiJFUzI1NiJ9\n.e30.AA", .invalidBase64URL, "a line break"),
        ("eyJhbGciOiJFUzI1NiIs+A.e30.AA", .invalidBase64URL, "a letter of standard base64"),
    ])
    func `texts that are no token are refused`(token: String, error: JOSEError, reason: String) {
        #expect(throws: error, Comment(rawValue: reason)) { try CompactJWS(parsing: Array(token.utf8)) }
    }

    @Test(arguments: [
        (#"[]"#, JOSEError.invalidHeader, "no object"),
        (#"{}"#, .invalidHeader, "no alg"),
        (#"{"alg":1}"#, .invalidHeader, "an alg that is no string"),
        (#"{"alg":"ES256","kid":1}"#, .invalidHeader, "a kid that is no string"),
        (#"{"alg":"ES256","typ":null}"#, .invalidHeader, "a typ that is no string"),
        (#"{"alg":"ES256","alg":"ES256"}"#, .invalidJSON, "alg twice"),
        (#"{"alg":"ES256","al\u0067":"none"}"#, .invalidJSON, "alg twice, once in an escape"),
        (#"{"alg":"ES256"}x"#, .invalidJSON, "trailing bytes"),
        (#"{"alg":"ES256","crit":["exp"],"exp":1}"#, .criticalHeader, "an extension that is not understood"),
        (#"{"alg":"ES256","crit":[]}"#, .criticalHeader, "an empty crit"),
        (#"{"alg":"ES256","b64":false,"crit":["b64"]}"#, .criticalHeader, "an unencoded payload"),
        (#"{"alg":"ES256","b64":true}"#, .criticalHeader, "b64 without crit"),
        (#"{"alg":"ES256","a":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"#, .invalidJSON, "deep nesting"),
    ])
    func `headers that break a rule are refused`(header: String, error: JOSEError, reason: String) {
        let token = Base64URL.encode(Array(header.utf8)) + ".e30.AA"
        #expect(throws: error, Comment(rawValue: reason)) { try CompactJWS(parsing: Array(token.utf8)) }
    }

    @Test func `a token of 16 KiB is read, one byte more is not`() throws {
        let key = try JWK.generate(.hs256)
        let token = try key.signer(type: nil).sign([UInt8](repeating: 0x20, count: 12_000))
        let filler = CompactJWS.maximumLength - token.count
        #expect(throws: Never.self) { try CompactJWS(parsing: token + [UInt8](repeating: 0x41, count: filler)) }
        #expect(throws: JOSEError.tooLarge) { try CompactJWS(parsing: token + [UInt8](repeating: 0x41, count: filler + 1)) }
    }

    @Test(arguments: ["none", "None", "NONE", "nOnE", "", "ES512", "HS224", "es256", "RS1", "Ed25519", "ES256K"])
    func `algorithms outside the table are none`(name: String) throws {
        let key = try JWK.generate(.es256)
        let header = Base64URL.encode(JSONWriter.object { $0.member("alg", name) })
        for signature in ["", "AA", String(repeating: "A", count: 86)] {
            let jws = try CompactJWS(parsing: Array("\(header).e30.\(signature)".utf8))
            #expect(jws.unverifiedHeader.algorithm == nil)
            #expect(throws: JOSEError.algorithmMismatch) { try jws.verified(by: key.verificationKey(.es256)) }
        }
    }

    @Test func `an HMAC under a public key's bytes is not accepted`() throws {
        // The attack: alg HS256 with the bytes of the published key as the secret.
        for algorithm in [SignatureAlgorithm.rs256, .es256, .edDSA] {
            let key = try JWK.generate(algorithm)
            let published = try #require(key.publicJSON)
            let signed = Base64URL.encode(Array(#"{"alg":"HS256"}"#.utf8)) + ".e30"
            let code = HMACKey(published).code(for: Array(signed.utf8))
            let jws = try CompactJWS(parsing: Array((signed + "." + Base64URL.encode(code)).utf8))
            #expect(throws: JOSEError.algorithmMismatch) { try jws.verified(by: key.verificationKey(algorithm)) }
            #expect(throws: JOSEError.algorithmMismatch) { try key.verificationKey(.hs256) }
        }
    }

    @Test func `the signature's last letter has one spelling`() throws {
        let key = try JWK.generate(.es256)
        let token = try key.signer(type: nil).sign([1])
        let verifier = try key.verificationKey(.es256)
        // 64 bytes leave four spare bits in the last letter: 15 other letters would decode to the same bytes.
        let last = try #require(token.last)
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8 where letter != last {
            #expect(throws: JOSEError.self) { try CompactJWS(parsing: token.dropLast() + [letter]).verified(by: verifier) }
        }
    }

    @Test func `the header says alg, typ and kid`() throws {
        let key = try JWK.generate(.es256)
        let jws = try CompactJWS(parsing: key.signer(type: "at+jwt").sign([]))
        #expect(jws.unverifiedHeader.algorithm == .es256)
        #expect(jws.unverifiedHeader.type == "at+jwt")
        #expect(jws.unverifiedHeader.keyID == key.keyID)
        #expect(try jws.verified(by: key.verificationKey(.es256)).payload.isEmpty)
    }

    @Test(arguments: [
        ("at+jwt", true), ("AT+JWT", true), ("application/at+jwt", true), ("Application/At+Jwt", true), ("jwt", false), ("at+jwt ", false),
        ("text/at+jwt", false), ("application/application/at+jwt", false), ("application/", false), ("", false), ("rt+jwt", false),
    ])
    func `typ is compared as a media type`(type: String, isSame: Bool) throws {
        let key = try JWK.generate(.hs256)
        let header = try CompactJWS(parsing: key.signer(type: type).sign([])).unverifiedHeader
        #expect(header.hasType("at+jwt") == isSame)
        #expect(header.hasType("application/at+jwt") == isSame)
    }
}
