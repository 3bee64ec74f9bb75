// Tokens of the service before: which are believed besides the issuer's own, until when, and what can take them back.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct OldIssuerTests {
    private let now = Issuer.now
    private let secret = Array("django-insecure-a secret of fifty characters or so".utf8)

    @Test(
        "a user is a string or a whole number, and says nothing of scopes, roles and sessions here",
        arguments: [(#""42""#, "42"), ("42", "42"), ("-1", "-1"), (#""ada@example.org""#, "ada@example.org")])
    func user(json: String, subject: String) throws {
        let (verifier, _) = try verifier()
        let claims = #""user_id":\#(json),"scope":"admin","roles":["admin"],"sid":"s","client_id":"c","jti":"j""#
        let token = try verifier.verify(try old(claims), at: now)
        #expect(token.isFromOldIssuer && token.subject == subject && token.tokenID == "j" && token.algorithm == .hs256)
        #expect(token.scopes == ["read"] && token.roles.isEmpty && token.sessionID == nil && token.clientID == nil)
        #expect(token.issuedAt == now.seconds && token.expiresAt == now.seconds + 300)
        #expect(token.claims["scope"]?.string == "admin", "it can be read, but grants nothing")
        #expect(try verifier.verify(try old(claims), at: now) === token, "kept like any other")
    }

    @Test("the issuer's own tokens are what they were, and not of the old issuer")
    func own() throws {
        let (verifier, issuer) = try verifier()
        let token = try verifier.verify(try issuer.token(), at: now)
        #expect(!token.isFromOldIssuer && token.scopes == ["account", "admin"] && token.roles == ["admin"])
    }

    @Test(
        "what is refused, and why",
        arguments: [
            (#""user_id":1"#, #"{"alg":"none","typ":"JWT"}"#, .algorithmNotAllowed, "no signature at all"),
            (#""user_id":1"#, #"{"alg":"HS512","typ":"JWT"}"#, .algorithmNotAllowed, "another algorithm of the same secret"),
            (#""user_id":1"#, #"{"alg":"RS256","typ":"JWT"}"#, .algorithmNotAllowed, "a secret is no RSA key"),
            (#""user_id":1"#, #"{"alg":"HS256","typ":"at+jwt"}"#, .algorithmNotAllowed, "the type of the issuer's own tokens"),
            (#""user_id":1"#, #"{"alg":"HS256","typ":"rt+jwt"}"#, .wrongType, "the type of its refresh tokens"),
            (#""user_id":1"#, #"{"alg":"HS256","typ":"JWT","kid":"KID"}"#, .wrongType, "a kid of the issuer's"),
            (#""user_id":1,"token_type":"refresh""#, nil, .wrongType, "a refresh token at an API"),
            (#""user_id":1,"token_type":"sliding""#, nil, .wrongType, "a sliding one"),
            (#""user_id":1,"token_type":null"#, nil, .wrongType, "a type that is none"),
            (#""user_id":1,"token_type":-"#, nil, .missingClaim("token_type"), "no type"),
            (#""sub":"42""#, nil, .missingClaim("user_id"), "no user"),
            (#""user_id":true"#, nil, .malformedClaim("user_id"), "a truth value is no user"),
            (#""user_id":"""#, nil, .malformedClaim("user_id"), "nor is nobody"),
            (#""user_id":1.5"#, nil, .malformedClaim("user_id"), "nor a part of one"),
            (#""user_id":1,"exp":1799999970"#, nil, .expired, "its time is over"),
            (#""user_id":1,"exp":"soon""#, nil, .malformedClaim("exp"), "an end that is none"),
            (#""user_id":1,"exp":-"#, nil, .missingClaim("exp"), "no end"),
            (#""user_id":1,"iat":1800000006"#, nil, .notYetValid, "from the future: it would outlive what takes back all up to now"),
            (#""user_id":1,"nbf":1800000031"#, nil, .notYetValid, "its time has not come, leeway and all"),
        ] as [(String, String?, VerificationFailure, String)])
    func refusals(claims: String, header: String?, failure: VerificationFailure, why: String) throws {
        let (verifier, issuer) = try verifier()
        let header = header.map { text in
            let parts = text.split(separator: "KID", omittingEmptySubsequences: false)
            return parts.count == 1 ? text : parts[0] + (issuer.key.keyID ?? "") + parts[1]
        }
        let token = try old(claims, header: header ?? Self.header)
        #expect(throws: failure, "\(why)") { try verifier.verify(token, at: now) }
        #expect(verifier.explain(token, at: now).failure == failure, "explaining says the same")
    }

    @Test("headers of its tokens: typ JWT in any spelling or none, a kid that the issuer does not know or none")
    func headers() throws {
        let (verifier, _) = try verifier()
        for header in [
            Self.header, #"{"alg":"HS256"}"#, #"{"alg":"HS256","typ":"jwt"}"#, #"{"alg":"HS256","typ":"JWT","kid":"first"}"#,
        ] {
            let token = try old(#""user_id":1"#, header: header)
            #expect(throws: Never.self) { try verifier.verify(token, at: now) }
            #expect(verifier.explain(token, at: now).failure == nil)
        }
    }

    @Test("the issuer's public key is no secret of the old issuer, and the old secret makes none of the issuer's tokens")
    func confusion() throws {
        let (verifier, issuer) = try verifier()
        let published = try #require(issuer.key.publicJSON)
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(try old(#""user_id":1"#, secret: published), at: now) }
        let forged = try issuer.token(key: try Self.jwk(secret).renamed(issuer.key.keyID))
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try verifier.verify(forged, at: now) }
    }

    @Test("a public key of old verifies its own algorithm and no other, HMAC with its text least of all", arguments: [true, false])
    func publicKey(isRSA: Bool) throws {
        let key = try JWK.generate(isRSA ? .rs256 : .es256)
        let algorithm: SignatureAlgorithm = isRSA ? .rs256 : .es256
        let verifier = try verifier(OldIssuer(key: try key.verificationKey(algorithm), until: now.adding(seconds: 1000))).0
        let claims = payload(#""user_id":1"#)
        #expect(throws: Never.self) { try verifier.verify(try key.renamed(nil).signer(algorithm, type: "JWT").sign(claims), at: now) }
        let text = try #require(key.publicJSON)
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try verifier.verify(try old(#""user_id":1"#, secret: text), at: now) }
        guard isRSA else { return }
        let other = try key.renamed(nil, withoutAlgorithm: true).signer(.ps256, type: "JWT").sign(claims)
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try verifier.verify(other, at: now) }
    }

    @Test("from its end on its tokens are strangers', also those that were kept")
    func end() throws {
        let until = now.adding(seconds: 100)
        let (verifier, _) = try verifier(try oldIssuer(until: until))
        let (kept, other) = (try old(#""user_id":1"#), try old(#""user_id":2"#))
        let token = try verifier.verify(kept, at: now)
        #expect(token.expiresAt == until.seconds - 30, "the leeway does not reach beyond the end")
        let last = until.adding(milliseconds: -1)
        #expect(throws: Never.self) { try verifier.verify(kept, at: last) }
        #expect(throws: Never.self) { try verifier.verify(other, at: last) }
        #expect(throws: VerificationFailure.expired) { try verifier.verify(kept, at: until) }
        #expect(throws: VerificationFailure.wrongType) { try verifier.verify(try old(#""user_id":3"#), at: until) }
        #expect(throws: VerificationFailure.expired) { try verifier.verify(kept, at: now.adding(seconds: 400)) }
    }

    @Test(
        "iss and aud are looked at when they are given",
        arguments: [
            (#""iss":"old","aud":"api""#, nil), (#""iss":"old","aud":["x","api"]"#, nil), (#""aud":"api""#, .missingClaim("iss")),
            (#""iss":"older","aud":"api""#, .wrongIssuer), (#""iss":"old""#, .missingClaim("aud")),
            (#""iss":"old","aud":"web""#, .wrongAudience), (#""iss":"old","aud":7"#, .wrongAudience),
        ] as [(String, VerificationFailure?)])
    func demands(claims: String, failure: VerificationFailure?) throws {
        let strict = OldIssuer(
            key: try JWSVerificationKey(text: secret), until: now.adding(seconds: 1000), issuer: "old", audience: "api")
        let token = try old(#""user_id":1,"# + claims)
        #expect(try self.verifier(strict).0.explain(token, at: now).failure == failure)
        #expect(throws: Never.self) { try self.verifier().0.verify(token, at: now) }
    }

    @Test("where its tokens have no type, each is an access token, but for those that have one all the same")
    func untyped() throws {
        let untyped = OldIssuer(
            key: try JWSVerificationKey(text: secret), until: now.adding(seconds: 1000), userIDClaim: "username", tokenTypeClaim: nil)
        let (verifier, _) = try verifier(untyped)
        #expect(try verifier.verify(try old(#""username":"ada","token_type":-"#), at: now).subject == "ada")
        for type in ["access", "refresh"] {
            let token = try old(#""username":"ada","token_type":"\#(type)""#)
            #expect(throws: VerificationFailure.wrongType) { try verifier.verify(token, at: now) }
        }
    }

    @Test("its tokens are taken back by their id, by the one they followed from, and with all that their user had up to a time")
    func revocations() throws {
        let (one, of) = (#""user_id":42,"jti":"j1""#, #""user_id":42,"jti":"j2","orig_jti":"j0""#)
        let all = OldIssuer.revocationID(ofUser: "42")
        let table: [(RevocationEntry, dead: [Bool])] = [
            (RevocationEntry(kind: .token, digest: RevocationDigest(.token, "j1"), until: now), [true, false, false]),
            (RevocationEntry(kind: .token, digest: RevocationDigest(.token, "j0"), until: now), [false, true, false]),
            (
                RevocationEntry(kind: .client, digest: RevocationDigest(.client, all), until: now, issuedBefore: now.seconds + 1),
                [true, true, false]
            ),
            (
                RevocationEntry(kind: .client, digest: RevocationDigest(.client, all), until: now, issuedBefore: now.seconds),
                [false, false, false]
            ),
            (RevocationEntry(kind: .client, digest: RevocationDigest(.client, "42"), until: now), [false, false, false]),
        ]
        for (entry, dead) in table {
            let revocations = RevocationSet()
            revocations.insert([entry])
            let issuer = try Issuer()
            let verifier = TokenVerifier(
                policy: VerificationPolicy(issuer: Issuer.url, audiences: nil), keys: issuer.source, revocations: revocations,
                oldIssuer: try oldIssuer())
            for (claims, isDead) in zip([one, of, #""user_id":43,"jti":"j3""#], dead) {
                let token = try old(claims)
                #expect(verifier.explain(token, at: now).failure == (isDead ? .revoked : nil))
                if isDead { #expect(throws: VerificationFailure.revoked) { try verifier.verify(token, at: now) } }
            }
        }
    }

    @Test("a verifier of plain JWTs never tries the old key: the issuer's own tokens look the same")
    func sameType() throws {
        let issuer = try Issuer()
        let verifier = TokenVerifier(
            policy: VerificationPolicy(issuer: Issuer.url, audiences: nil, type: "JWT"), keys: issuer.source, oldIssuer: try oldIssuer())
        #expect(throws: VerificationFailure.algorithmNotAllowed) { try verifier.verify(try old(#""user_id":1"#), at: now) }
    }

    // MARK: Old tokens

    private static let header = #"{"typ":"JWT","alg":"HS256"}"#

    private func oldIssuer(until: UnixTime? = nil) throws -> OldIssuer {
        OldIssuer(key: try JWSVerificationKey(text: secret), until: until ?? now.adding(seconds: 86_400), scopes: ["read"])
    }

    private func verifier(_ old: OldIssuer? = nil) throws -> (TokenVerifier, Issuer) {
        let issuer = try Issuer()
        let policy = VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url])
        return (TokenVerifier(policy: policy, keys: issuer.source, oldIssuer: try old ?? oldIssuer()), issuer)
    }

    /// What simplejwt writes, and these claims besides or in its place; a claim whose value is `-` is left out.
    private func payload(_ claims: String) -> [UInt8] {
        let usual = [
            ("token_type", #""access""#), ("exp", "\(now.seconds + 300)"), ("iat", "\(now.seconds)"),
        ]
        let missing = usual.filter { !claims.contains("\"\($0.0)\":") }.map { "\"\($0.0)\":\($0.1)" }
        let given = claims.split(separator: ",\"").enumerated().map { ($0.offset == 0 ? "" : "\"") + $0.element }.filter {
            !$0.hasSuffix(":-")
        }
        return Array("{\((missing + given).joined(separator: ","))}".utf8)
    }

    private func old(_ claims: String, header: String = header, secret: [UInt8]? = nil) throws -> [UInt8] {
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(payload(claims))
        let code = HMACKey(secret ?? self.secret).code(for: Array(signed.utf8))
        return Array((signed + "." + Base64URL.encode(code)).utf8)
    }

    private static func jwk(_ secret: [UInt8]) throws -> JWK {
        try JWK(
            parsing: JSONWriter.object { writer in
                writer.member("kty", "oct")
                writer.member("k", Base64URL.encode(secret))
                writer.member("alg", "HS256")
            })
    }
}
