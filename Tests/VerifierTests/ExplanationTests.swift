// Explaining comes to the same verdict as verifying, for every kind of token, and shows each check.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct ExplanationTests {
    private let now = Issuer.now
    private static func bound(_ writer: inout JSONWriter) {
        writer.name("cnf")
        writer.object { $0.member("jkt", "a thumbprint") }
    }

    @Test func `explaining and verifying agree`() throws {
        let issuer = try Issuer()
        let revoked = RevokedDigests()
        revoked.revoke(RevocationDigest(.token, "gone"))
        let verifier = issuer.verifier(revocations: revoked)
        let good = try issuer.token()
        let forger = try JWK.generate(.es256)
        let tokens = [
            good, [], Array("a.b.c".utf8), Array(good.dropLast()), good + [0x41], try issuer.token(type: "JWT"),
            try issuer.token(lifetime: -600), try issuer.token(id: "gone"), try issuer.token(key: forger),
            try issuer.token(key: try forger.renamed(issuer.key.keyID)), try issuer.token(key: try JWK.generate(.hs256)),
            try issuer.token(with: Self.bound), try issuer.token(lifetime: -600, with: Self.bound),
            try issuer.token { $0.member("nbf", Issuer.now.seconds + 900) }, try issuer.key.signer(type: "at+jwt").sign([]),
            try issuer.key.signer(type: "at+jwt").sign(Array("{}".utf8)), try issuer.key.signer(type: "JWT").sign(Array("{}".utf8)),
            try JWK.generate(.hs256).signer(type: "at+jwt").sign(Array("no claims".utf8)),
        ]
        for token in tokens {
            for scope in [nil, "admin", "pay"] {
                let explanation = verifier.explain(token, at: now, requiring: scope)
                #expect(explanation.steps.map(\.check) == TokenExplanation.Check.allCases)
                do throws(VerificationFailure) {
                    _ = try verifier.verify(token, at: now, requiring: scope)
                    #expect(explanation.failure == nil)
                } catch {
                    #expect(explanation.failure == error)
                }
            }
        }
    }

    @Test func `every check of a bad token is made, not only the first that fails`() throws {
        let issuer = try Issuer()
        let token = try issuer.token(type: "JWT", lifetime: -600)
        let explanation = issuer.verifier(scopes: ["pay"]).explain(token, at: now)
        func verdict(_ check: TokenExplanation.Check) -> TokenExplanation.Verdict? {
            explanation.steps.first { $0.check == check }?.verdict
        }
        #expect(verdict(.signature) == .passed)
        #expect(verdict(.type) == .failed(.wrongType))
        #expect(verdict(.audience) == .passed)
        #expect(verdict(.expiry) == .failed(.expired))
        #expect(verdict(.scope) == .failed(.insufficientScope("pay")))
        #expect(explanation.failure == .wrongType)
        #expect(explanation.unverifiedClaims?.subject == "user-1")
        let expiry = explanation.steps.first { $0.check == .expiry }?.value
        #expect(expiry == "2027-01-15T07:50:00.000Z (600 s ago, leeway 30 s)")
    }

    @Test func `a token of an unknown key is shown but its signature is not judged`() throws {
        let issuer = try Issuer()
        let explanation = issuer.verifier().explain(try issuer.token(key: try JWK.generate(.es256)), at: now)
        #expect(explanation.steps.first { $0.check == .key }?.verdict == .failed(.unknownKey))
        #expect(explanation.steps.first { $0.check == .signature }?.verdict == .skipped)
        #expect(explanation.steps.first { $0.check == .issuer }?.verdict == .passed)
        #expect(explanation.unverifiedHeader?.algorithm == .es256)
    }
}
