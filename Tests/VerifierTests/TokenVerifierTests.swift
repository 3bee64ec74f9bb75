// What the verifier accepts, what it refuses and with which code, cached or not.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct TokenVerifierTests {
    private let now = Issuer.now

    @Test(arguments: SignatureAlgorithm.asymmetric)
    func `a good token verifies, again from the cache, and says what it said`(algorithm: SignatureAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let verifier = issuer.verifier()
        let text = try issuer.token()
        let token = try verifier.verify(text, at: now)
        #expect(token.subject == "user-1" && token.clientID == "martlet" && token.sessionID == "session-1" && token.tokenID == "t1")
        #expect(token.scopes == ["account", "admin"] && token.hasScope("admin") && !token.hasScope("adm"))
        #expect(token.audience == ["https://other.example", Issuer.url] && token.roles == ["admin"])
        #expect(token.issuedAt == now.seconds && token.expiresAt == now.seconds + 600)
        #expect(token.keyID == issuer.key.keyID && token.algorithm == algorithm)
        #expect(try verifier.verify(text, at: now) === token)
        #expect(try verifier.verify(String(decoding: text, as: UTF8.self), at: now) === token)
        #expect(try verifier.verify((Array("Bearer ".utf8) + text)[7...], at: now) === token)
    }

    @Test func `HS256 is accepted only where it is named`() throws {
        let issuer = try Issuer(.hs256)
        let token = try issuer.token()
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try issuer.verifier().verify(token, at: now) }
        #expect(throws: Never.self) { try issuer.verifier(algorithms: [.hs256]).verify(token, at: now) }
    }

    @Test func `a published key is no HMAC secret, even where HS256 is named`() throws {
        for algorithm in [SignatureAlgorithm.rs256, .es256, .edDSA] {
            let issuer = try Issuer(algorithm)
            let header = JSONWriter.object { writer in
                writer.member("alg", "HS256")
                writer.member("typ", "at+jwt")
                writer.member("kid", issuer.key.keyID)
            }
            let signed = Base64URL.encode(header) + "." + String(decoding: try issuer.token(), as: UTF8.self).split(separator: ".")[1]
            let code = HMACKey(try #require(issuer.key.publicJSON)).code(for: Array(signed.utf8))
            let verifier = issuer.verifier(algorithms: SignatureAlgorithm.allCases)
            #expect(throws: VerificationFailure.wrongKeyAlgorithm) {
                try verifier.verify(signed + "." + Base64URL.encode(code), at: now)
            }
        }
    }

    @Test func `a key is used with its own algorithm only`() throws {
        let issuer = try Issuer(.rs256)
        let bare = try issuer.key.renamed("k", withoutAlgorithm: true)
        let named = try issuer.key.renamed("k")
        // The same RSA key signs PS256; the published key says RS256.
        let token = try bare.signer(.ps256, type: "at+jwt").sign(try Self.payload(of: try issuer.token()))
        issuer.source.replace(with: JWKSet([named]))
        #expect(throws: VerificationFailure.wrongKeyAlgorithm) { try issuer.verifier().verify(token, at: now) }
        issuer.source.replace(with: JWKSet([bare]))
        #expect(throws: Never.self) { try issuer.verifier().verify(token, at: now) }
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try issuer.verifier(algorithms: [.rs256]).verify(token, at: now) }
    }

    @Test func `two keys of one kid both verify, and a third's token does not`() throws {
        let issuer = try Issuer()
        let (one, two, three) = (
            try issuer.key.renamed("k"), try JWK.generate(.es256).renamed("k"), try JWK.generate(.es256).renamed("k")
        )
        issuer.source.replace(with: JWKSet([one, two]))
        let verifier = issuer.verifier()
        #expect(throws: Never.self) { try verifier.verify(try issuer.token(key: one), at: now) }
        #expect(throws: Never.self) { try verifier.verify(try issuer.token(key: two), at: now) }
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(try issuer.token(key: three), at: now) }
    }

    @Test func `a token without kid matches only a key without kid`() throws {
        let issuer = try Issuer()
        let anonymous = try issuer.key.renamed(nil)
        let token = try issuer.token(key: anonymous)
        #expect(throws: VerificationFailure.unknownKey) { try issuer.verifier().verify(token, at: now) }
        issuer.source.replace(with: JWKSet([anonymous]))
        #expect(throws: Never.self) { try issuer.verifier().verify(token, at: now) }
        #expect(throws: VerificationFailure.unknownKey) { try issuer.verifier().verify(try issuer.token(), at: now) }
    }

    @Test func `an unknown key is told from one that is being fetched, and from a bad signature`() throws {
        let issuer = try Issuer()
        let source = FetchingKeySource(snapshot: KeySnapshot(keys: JWKSet([issuer.key]), generation: 1))
        let verifier = TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: source)
        let other = try JWK.generate(.es256)
        #expect(throws: VerificationFailure.keyPending) { try verifier.verify(try issuer.token(key: other.renamed("coming")), at: now) }
        #expect(throws: VerificationFailure.unknownKey) { try verifier.verify(try issuer.token(key: other.renamed("other")), at: now) }
        let forged = try issuer.token(key: other.renamed(issuer.key.keyID))
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(forged, at: now) }
    }

    @Test func `refresh and ID tokens are of the wrong type`() throws {
        let issuer = try Issuer()
        for type in ["rt+jwt", "JWT", nil] {
            let token = try issuer.token(type: type)
            #expect(throws: VerificationFailure.wrongType) { try issuer.verifier().verify(token, at: now) }
        }
        #expect(VerificationFailure.wrongType.code == "token_wrong_type")
    }

    @Test func `scope is demanded by the policy and by the call`() throws {
        let issuer = try Issuer()
        let token = try issuer.token()
        #expect(throws: VerificationFailure.insufficientScope("pay")) { try issuer.verifier(scopes: ["pay"]).verify(token, at: now) }
        let verifier = issuer.verifier()
        for _ in 0..<2 {
            #expect(throws: VerificationFailure.insufficientScope("pay")) { try verifier.verify(token, at: now, requiring: "pay") }
            #expect(throws: Never.self) { try verifier.verify(token, at: now, requiring: "admin") }
        }
    }

    @Test(arguments: [SignatureAlgorithm.es256, .edDSA, .rs256])
    func `no byte of a token can change, whether or not the token is cached`(algorithm: SignatureAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let verifier = issuer.verifier()
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        for index in token.indices {
            var altered = token
            altered[index] ^= 0x01
            #expect(throws: VerificationFailure.self, "byte \(index)") { try verifier.verify(altered, at: now) }
        }
        #expect(verifier.cachedTokens == 1)
    }

    @Test func `payloads that are no claims are refused though they are signed`() throws {
        let issuer = try Issuer()
        for payload in ["", "[]", "1", #"{"exp":1,"exp":2}"#, "{}{}", "{\"a\":\"\u{1}\"}"] {
            let token = try issuer.key.signer(type: "at+jwt").sign(Array(payload.utf8))
            #expect(throws: VerificationFailure.self, "\(payload)") { try issuer.verifier().verify(token, at: now) }
        }
    }

    @Test(arguments: [
        (VerificationFailure.expired, "token_expired"), (.revoked, "token_revoked"), (.wrongType, "token_wrong_type"),
        (.insufficientScope("x"), "insufficient_scope"), (.badSignature, "invalid_token"), (.unknownKey, "invalid_token"),
        (.malformed(.tooLarge), "invalid_token"), (.missingClaim("exp"), "invalid_token"), (.keyPending, "not_ready"),
    ])
    func `failures have the codes of the API`(failure: VerificationFailure, code: String) {
        #expect(failure.code == code && !failure.message.isEmpty && !failure.reason.contains(" "))
    }

    private static func payload(of token: [UInt8]) throws -> [UInt8] {
        try CompactJWS(parsing: token).unverifiedPayload()
    }
}
