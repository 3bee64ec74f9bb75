// RFC 9449 §4.3 as a table: each proof has one thing wrong.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct DPoPProofTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    static let uri = "https://server.example.com/token"
    static let token = Array("an access token".utf8)

    struct Wrong: Sendable, CustomTestStringConvertible {
        var what: String
        var failure: DPoPFailure
        var header: [String: String?] = [:]
        var claims: [String: String?] = [:]
        var mangled: (@Sendable ([UInt8]) -> [UInt8]) = { $0 }
        var testDescription: String { what }
    }

    /// A proof whose members are these JSON texts; nil leaves one out.
    static func proof(
        _ wrong: Wrong? = nil, key: JWK, header changedHeader: [String: String?] = [:], claims changedClaims: [String: String?] = [:]
    ) throws -> [UInt8] {
        var header: [String: String?] = ["typ": #""dpop+jwt""#, "jwk": String(decoding: key.publicJSON ?? [], as: UTF8.self)]
        var claims: [String: String?] = [
            "jti": #""-BwC3ESc6acc2lTc""#, "htm": #""POST""#, "htu": "\"\(uri)\"", "iat": "\(now.seconds)",
            "ath": "\"\(Base64URL.encode(Digest.sha256.hash(token)))\"",
        ]
        header["alg"] = #""ES256""#
        header.merge(wrong?.header ?? changedHeader) { $1 }
        claims.merge(wrong?.claims ?? changedClaims) { $1 }
        let input = Array((Base64URL.encode(json(header)) + "." + Base64URL.encode(json(claims))).utf8)
        let text = input + [UInt8(ascii: ".")] + Base64URL.encodedBytes(try signature(of: input, by: key))
        return wrong?.mangled(text) ?? text
    }

    /// Of bytes that no signer of this project would sign.
    private static func signature(of input: [UInt8], by key: JWK) throws -> [UInt8] {
        let numbers = try JSONDocument(parsing: try key.privateJSON()).root
        let number = { (name: String) in try #require(numbers[name]?.string.flatMap { Base64URL.decode($0) }) }
        let pair = try PrivateKey(.ec(.p256, x: try number("x"), y: try number("y")), .ec(d: try number("d")))
        return try SigningKey(pair, .ecdsa(.sha256)).sign(input)
    }

    private static func json(_ members: [String: String?]) -> [UInt8] {
        let pairs = members.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        return Array("{\(pairs.joined(separator: ","))}".utf8)
    }

    @Test("a good proof names its key by the thumbprint that tokens are bound to")
    func good() throws {
        let key = try JWK.generate(.es256)
        let proof = try DPoPProof(
            verifying: try Self.proof(key: key, claims: ["nonce": #""n""#]), method: "POST", uri: Self.uri, accessToken: Self.token,
            at: Self.now)
        #expect(proof.thumbprint == key.thumbprint && proof.tokenID == "-BwC3ESc6acc2lTc" && proof.nonce == "n")
        #expect(proof.issuedAt == Self.now.seconds)
        let another = try DPoPProof(
            verifying: try Self.proof(key: try JWK.generate(.es256)), method: "POST", uri: Self.uri, accessToken: nil, at: Self.now)
        #expect(another.digest != proof.digest)
    }

    @Test(
        "one rule broken is one refusal",
        arguments: [
            Wrong(what: "no typ", failure: .wrongType, header: ["typ": nil]),
            Wrong(what: "another typ", failure: .wrongType, header: ["typ": #""JWT""#]),
            Wrong(what: "no alg", failure: .malformed, header: ["alg": nil]),
            Wrong(what: "alg none", failure: .algorithmNotAllowed, header: ["alg": #""none""#]),
            Wrong(what: "a symmetric alg", failure: .algorithmNotAllowed, header: ["alg": #""HS256""#]),
            Wrong(what: "an alg that does not fit the key", failure: .algorithmNotAllowed, header: ["alg": #""RS256""#]),
            Wrong(what: "no key", failure: .noKey, header: ["jwk": nil]),
            Wrong(what: "a key by its id alone", failure: .noKey, header: ["jwk": nil, "kid": #""k""#]),
            Wrong(
                what: "a secret as key", failure: .noKey,
                header: ["jwk": #"{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"}"#]),
            Wrong(what: "a broken key", failure: .noKey, header: ["jwk": #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#]),
            Wrong(what: "no jti", failure: .missingClaim("jti"), claims: ["jti": nil]),
            Wrong(what: "an empty jti", failure: .missingClaim("jti"), claims: ["jti": #""""#]),
            Wrong(what: "no htm", failure: .missingClaim("htm"), claims: ["htm": nil]),
            Wrong(what: "no htu", failure: .missingClaim("htu"), claims: ["htu": nil]),
            Wrong(what: "no iat", failure: .missingClaim("iat"), claims: ["iat": nil]),
            Wrong(what: "an iat of text", failure: .missingClaim("iat"), claims: ["iat": #""now""#]),
            Wrong(what: "another method", failure: .wrongMethod, claims: ["htm": #""GET""#]),
            Wrong(what: "the method in lower case", failure: .wrongMethod, claims: ["htm": #""post""#]),
            Wrong(what: "another path", failure: .wrongURI, claims: ["htu": #""https://server.example.com/tokens""#]),
            Wrong(what: "another host", failure: .wrongURI, claims: ["htu": #""https://server.example.org/token""#]),
            Wrong(what: "another scheme", failure: .wrongURI, claims: ["htu": #""http://server.example.com/token""#]),
            Wrong(what: "another port", failure: .wrongURI, claims: ["htu": #""https://server.example.com:8443/token""#]),
            Wrong(what: "a path alone", failure: .wrongURI, claims: ["htu": #""/token""#]),
            Wrong(
                what: "the server as user information", failure: .wrongURI,
                claims: ["htu": #""https://server.example.com@evil.example/token""#]),
            Wrong(what: "61 s old", failure: .tooOld, claims: ["iat": "\(now.seconds - 61)"]),
            Wrong(what: "31 s ahead", failure: .tooEarly, claims: ["iat": "\(now.seconds + 31)"]),
            Wrong(what: "for no token", failure: .missingClaim("ath"), claims: ["ath": nil]),
            Wrong(what: "for another token", failure: .wrongToken, claims: ["ath": #""fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo""#]),
            Wrong(
                what: "another payload", failure: .badSignature,
                mangled: { text in
                    let parts = text.split(separator: UInt8(ascii: "."))
                    let claims = Base64URL.encodedBytes(
                        Array(#"{"jti":"x","htm":"POST","htu":"https://server.example.com/token","iat":1800000000}"#.utf8))
                    return Array(parts[0]) + [UInt8(ascii: ".")] + claims + [UInt8(ascii: ".")] + Array(parts[2])
                }),
            Wrong(what: "two segments", failure: .malformed, mangled: { Array($0.prefix { $0 != UInt8(ascii: ".") }) + Array(".x".utf8) }),
            Wrong(what: "nothing", failure: .malformed, mangled: { _ in [] }),
            Wrong(what: "too long", failure: .malformed, claims: ["pad": "\"\(String(repeating: "a", count: 4096))\""]),
        ])
    func refuses(_ wrong: Wrong) throws {
        let proof = try Self.proof(wrong, key: try JWK.generate(.es256))
        #expect(throws: wrong.failure) {
            try DPoPProof(verifying: proof, method: "POST", uri: Self.uri, accessToken: Self.token, at: Self.now)
        }
    }

    @Test("a private key in the header is refused: it is not private any more")
    func privateKey() throws {
        let key = try JWK.generate(.es256)
        let proof = try Self.proof(key: key, header: ["jwk": String(decoding: try key.privateJSON(), as: UTF8.self)])
        #expect(throws: DPoPFailure.privateKey) {
            try DPoPProof(verifying: proof, method: "POST", uri: Self.uri, accessToken: Self.token, at: Self.now)
        }
    }

    @Test(
        "addresses are compared without query, fragment, case of scheme and host, and the scheme's own port",
        arguments: [
            ("https://SERVER.example.com/token", true), ("HTTPS://server.example.com:443/token?x=1#y", true),
            ("https://server.example.com/TOKEN", false), ("https://server.example.com/token/", false),
        ])
    func addresses(_ htu: String, _ isSame: Bool) throws {
        let proof = try Self.proof(key: try JWK.generate(.es256), claims: ["htu": "\"\(htu)\""])
        let read = try? DPoPProof(verifying: proof, method: "POST", uri: Self.uri, accessToken: nil, at: Self.now)
        #expect((read != nil) == isSame)
    }

    @Test("the edges of its time are good", arguments: [-60, 0, 30] as [Int64])
    func edges(_ offset: Int64) throws {
        let proof = try Self.proof(key: try JWK.generate(.es256), claims: ["iat": "\(Self.now.seconds + offset)"])
        _ = try DPoPProof(verifying: proof, method: "POST", uri: Self.uri, accessToken: nil, at: Self.now)
    }
}
