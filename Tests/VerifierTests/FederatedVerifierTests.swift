// Several issuers side by side: each token meets its own issuer's keys, and nothing that one issuer does touches another's.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct FederatedVerifierTests {
    /// An issuer with its source and a way to sign.
    private struct Party {
        let url: String
        let key: JWK
        let issuer = ScriptedIssuer()
        let source: RemoteKeySource

        init(_ url: String, _ clock: OwnedClock) throws {
            self.url = url
            // All have the same `kid`.
            key = try JWK.generate(.es256).renamed("k")
            source = try RemoteKeySource.scripted(issuer, clock, .issuer(url))
            issuer.describe(issuer: url)
            issuer.publish([key])
            source.begin()
        }

        func token(issuer: String? = nil, key: JWK? = nil) throws -> [UInt8] {
            let payload = JSONWriter.object { writer in
                writer.member("iss", issuer ?? url)
                writer.member("aud", "api")
                writer.member("exp", Issuer.now.seconds + 1_000_000)
                writer.member("scope", "read")
            }
            return try (key ?? self.key).signer(type: "at+jwt").sign(payload)
        }

        var verifier: TokenVerifier {
            TokenVerifier(policy: VerificationPolicy(issuer: url, audiences: ["api"]), keys: source)
        }
    }

    private let clock = OwnedClock()
    private let one: Party
    private let two: Party
    private let verifier: FederatedVerifier

    init() throws {
        one = try Party("https://one.example", clock)
        two = try Party("https://two.example", clock)
        verifier = FederatedVerifier([one.url: one.verifier, two.url: two.verifier])
    }

    @Test func `iss chooses the keys, in every form that a token comes in`() throws {
        for party in [one, two] {
            _ = party.source.step(at: clock.now)
            let token = try party.token()
            #expect(try verifier.verify(token, at: clock.now).claims.issuer == party.url)
            #expect(try verifier.verify(token[...], at: clock.now, requiring: "read").claims.issuer == party.url)
            #expect(try verifier.verify(String(decoding: token, as: UTF8.self), at: clock.now).claims.issuer == party.url)
            #expect(throws: VerificationFailure.insufficientScope("write")) {
                try verifier.verify(token, at: clock.now, requiring: "write")
            }
        }
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(try one.token(issuer: two.url), at: clock.now) }
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(try two.token(key: one.key), at: clock.now) }
    }

    @Test func `a token of an unknown issuer is refused before any work`() throws {
        for issuer in ["https://three.example", "https://one.example/", "https://ONE.example", ""] {
            let token = try one.token(issuer: issuer, key: try JWK.generate(.es256).renamed("unknown"))
            #expect(throws: VerificationFailure.wrongIssuer) { try verifier.verify(token, at: clock.now) }
        }
        let bare = try one.key.signer(type: "at+jwt").sign(Array("{}".utf8))
        #expect(throws: VerificationFailure.missingClaim("iss")) { try verifier.verify(bare, at: clock.now) }
        #expect(throws: VerificationFailure.malformed(.notThreeSegments)) { try verifier.verify("a.b", at: clock.now) }
        #expect(one.issuer.asked.isEmpty && one.source.state.waiting == 0)
    }

    @Test func `neither an outage nor a flood at one issuer is felt at another`() throws {
        one.issuer.answer("/jwks") { _ in FetchResponse(status: 500) }
        _ = one.source.step(at: clock.now)
        _ = two.source.step(at: clock.now)
        #expect(throws: VerificationFailure.keysUnavailable) { try verifier.verify(try one.token(), at: clock.now) }
        #expect(throws: Never.self) { try verifier.verify(try two.token(), at: clock.now) }
        one.issuer.publish([one.key])
        clock.pass(seconds: 1)
        _ = one.source.step(at: clock.now)
        // One's cooldown runs; two's does not.
        let other = try JWK.generate(.es256).renamed("new")
        #expect(throws: VerificationFailure.keyPending) { try verifier.verify(try one.token(key: other), at: clock.now) }
        _ = one.source.step(at: clock.now)
        #expect(throws: VerificationFailure.unknownKey) { try verifier.verify(try one.token(key: other), at: clock.now) }
        two.issuer.publish([two.key, other])
        #expect(throws: VerificationFailure.keyPending) { try verifier.verify(try two.token(key: other), at: clock.now) }
        _ = two.source.step(at: clock.now)
        #expect(throws: Never.self) { try verifier.verify(try two.token(key: other), at: clock.now) }
        #expect(throws: VerificationFailure.unknownKey) { try verifier.verify(try one.token(key: other), at: clock.now) }
        #expect(one.source.state.failures == 1 && two.source.state.failures == 0)
    }
}
