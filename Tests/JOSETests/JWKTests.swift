// Keys as JSON: the RFCs' examples, round trips, and everything that is no usable signature key.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import Testing

@Suite struct JWKTests {
    @Test func `thumbprints are those of RFC 7638 §3.1 and RFC 8037 A.3`() throws {
        #expect(try JWK(parsing: Array(RFCVectors.thumbprintKey.utf8)).thumbprint == RFCVectors.thumbprint)
        #expect(try JWK(parsing: Array(RFCVectors.ed25519Key.utf8)).thumbprint == RFCVectors.ed25519Thumbprint)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a private key comes back from its JSON and signs for the public one`(algorithm: SignatureAlgorithm) throws {
        let key = try JWK.generate(algorithm)
        let json = try key.privateJSON()
        let copy = try JWK(parsing: json)
        #expect(copy.keyID == key.keyID && copy.algorithm == algorithm && copy.isPrivate)
        #expect(try copy.privateJSON() == json)
        let token = try CompactJWS(parsing: copy.signer(type: "JWT").sign([1, 2]))
        let verifying = try key.publicJSON.map { try JWK(parsing: $0) } ?? key
        #expect(try token.verified(by: verifying.verificationKey(algorithm)).payload == [1, 2])
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `the public JSON has no private member`(algorithm: SignatureAlgorithm) throws {
        let key = try JWK.generate(algorithm)
        guard let json = key.publicJSON else {
            #expect(algorithm.isSymmetric)
            #expect(JWKSet([key]).publicJSON == Array(#"{"keys":[]}"#.utf8))
            return
        }
        let names = try JSONDocument(parsing: json).root.members.map(\.name)
        #expect(Set(names).isDisjoint(with: ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]))
        #expect(try !JWK(parsing: json).isPrivate)
        #expect(throws: JOSEError.notAPrivateKey) { try JWK(parsing: json).privateJSON() }
        #expect(throws: JOSEError.notAPrivateKey) { try JWK(parsing: json).signer(type: nil) }
        #expect(try JWK(parsing: json).thumbprint == key.keyID)
    }

    @Test func `a key without alg admits what its kind does, and no more`() throws {
        let rsa = try JWK(parsing: Array(RFCVectors.rs256Key.utf8))
        #expect(Set(rsa.algorithms) == [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512])
        let ec = try JWK(parsing: Array(RFCVectors.es256Key.utf8))
        #expect(ec.algorithms == [.es256])
        #expect(throws: JOSEError.algorithmMismatch) { try ec.verificationKey(.hs256) }
        #expect(throws: JOSEError.algorithmMismatch) { try rsa.verificationKey(.hs256) }
        #expect(throws: JOSEError.algorithmMismatch) { try ec.verificationKey(.es384) }
        #expect(try JWK(parsing: Array(RFCVectors.hs256Key.utf8)).algorithms == [.hs256])
    }

    private static let point =
        #""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#
    private static let secret = #""k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#

    @Test(arguments: [
        ("", JOSEError.invalidJSON, "nothing"),
        ("[]", .invalidKey, "no object"),
        ("{}", .invalidKey, "no kty"),
        (#"{"kty":"oct","kty":"oct",\#(secret)}"#, .invalidJSON, "a member twice"),
        (#"{"kty":"DSA"}"#, .unsupportedKeyType, "an unknown type"),
        (#"{"kty":"ec","crv":"P-256",\#(point)}"#, .unsupportedKeyType, "a type in the wrong case"),
        (#"{"kty":"EC","crv":"P-521",\#(point)}"#, .unsupportedCurve, "an unknown curve"),
        (#"{"kty":"EC","crv":"secp256k1",\#(point)}"#, .unsupportedCurve, "a curve of another field"),
        (#"{"kty":"EC","crv":"P-384",\#(point)}"#, .invalidKey, "coordinates of another curve"),
        (#"{"kty":"EC",\#(point)}"#, .invalidKey, "no curve"),
        (#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#, .invalidKey, "no y"),
        (
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"}"#,
            .invalidKey, "spare bits"
        ),
        (
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"}"#,
            .invalidKey, "a point off the curve"
        ),
        (
            #"{"kty":"EC","crv":"P-256",\#(point),"d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}"#, .mismatchedKeyPair,
            "the private part of another key"
        ),
        (#"{"kty":"EC","crv":"P-256",\#(point),"d":"AA"}"#, .invalidKey, "a short private part"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"use":"enc"}"#, .notForSignatures, "for encryption"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"key_ops":["deriveKey"]}"#, .notForSignatures, "for key agreement"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"use":1}"#, .invalidKey, "a use that is no string"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"kid":1}"#, .invalidKey, "a kid that is no string"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"alg":"ECDH-ES"}"#, .unsupportedAlgorithm, "an algorithm for encryption"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"alg":"none"}"#, .unsupportedAlgorithm, "none"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"alg":"HS256"}"#, .algorithmMismatch, "HMAC with a public key"),
        (#"{"kty":"EC","crv":"P-256",\#(point),"alg":"ES384"}"#, .algorithmMismatch, "the algorithm of another curve"),
        (#"{"kty":"oct",\#(secret),"alg":"ES256"}"#, .algorithmMismatch, "a secret as a curve key"),
        (#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, .keyTooSmall, "31 bytes"),
        (#"{"kty":"oct","k":""}"#, .invalidKey, "no bytes"),
        (#"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, .unsupportedCurve, "key agreement"),
        (#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ"}"#, .invalidKey, "31 bytes"),
        (#"{"kty":"RSA","n":"sXch","e":"AQAB"}"#, .keyTooSmall, "RSA of 24 bits"),
        (#"{"kty":"RSA","e":"AQAB"}"#, .invalidKey, "no modulus"),
    ])
    func `what is no usable signature key is refused`(json: String, error: JOSEError, reason: String) {
        #expect(throws: error, Comment(rawValue: reason)) { try JWK(parsing: Array(json.utf8)) }
    }

    @Test func `RSA of 1024 bits is refused`() {
        let n = Base64URL.encode([0x80] + [UInt8](repeating: 0x11, count: 127))
        #expect(throws: JOSEError.keyTooSmall) { try JWK(parsing: Array(#"{"kty":"RSA","n":"\#(n)","e":"AQAB"}"#.utf8)) }
    }

    @Test func `a generated key is named by its thumbprint, a secret is not`() throws {
        let key = try JWK.generate(.es256)
        #expect(key.keyID == key.thumbprint)
        let secret = try JWK.generate(.hs256)
        #expect(secret.keyID != nil && secret.keyID != secret.thumbprint)
    }
}
