// The cache is never a way around a check: keys, time and revocation are asked about every time, and it stays in its bounds.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct TokenCacheTests {
    private let now = Issuer.now

    @Test func `a hit checks exp again`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        #expect(throws: Never.self) { try verifier.verify(token, at: now.adding(seconds: 629)) }
        #expect(throws: VerificationFailure.expired) { try verifier.verify(token, at: now.adding(seconds: 630)) }
        #expect(throws: Never.self) { try verifier.verify(token, at: now) }
    }

    @Test func `a hit checks nbf again`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        let token = try issuer.token { $0.member("nbf", Issuer.now.seconds) }
        _ = try verifier.verify(token, at: now)
        #expect(throws: VerificationFailure.notYetValid) { try verifier.verify(token, at: now.adding(seconds: -31)) }
    }

    @Test(arguments: [
        RevocationDigest(.session, "session-1"), RevocationDigest(.token, "t1"), RevocationDigest(.client, "martlet"),
    ])
    func `what is revoked while it is cached is refused at once`(digest: RevocationDigest) throws {
        let issuer = try Issuer()
        let revoked = RevokedDigests()
        let verifier = issuer.verifier(revocations: revoked)
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        revoked.revoke(RevocationDigest(.session, "another"))
        #expect(throws: Never.self) { try verifier.verify(token, at: now) }
        revoked.revoke(digest)
        #expect(throws: VerificationFailure.revoked) { try verifier.verify(token, at: now) }
        #expect(throws: VerificationFailure.revoked) { try issuer.verifier(revocations: revoked, cache: 0).verify(token, at: now) }
    }

    @Test func `a revoked key's tokens are refused`() throws {
        let issuer = try Issuer()
        let revoked = RevokedDigests()
        let verifier = issuer.verifier(revocations: revoked)
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        revoked.revoke(RevocationDigest(.key, try #require(issuer.key.keyID)))
        #expect(throws: VerificationFailure.revoked) { try verifier.verify(token, at: now) }
    }

    @Test func `a key that is gone takes its cached tokens with it`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        issuer.source.replace(with: JWKSet([try JWK.generate(.es256)]))
        #expect(throws: VerificationFailure.unknownKey) { try verifier.verify(token, at: now) }
        issuer.source.replace(with: JWKSet([issuer.key]))
        #expect(throws: Never.self) { try verifier.verify(token, at: now) }
    }

    @Test func `a key replaced by another under its kid takes its cached tokens with it`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        let token = try issuer.token()
        _ = try verifier.verify(token, at: now)
        issuer.source.replace(with: JWKSet([try JWK.generate(.es256).renamed(issuer.key.keyID)]))
        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(token, at: now) }
    }

    @Test func `what one policy accepted is nothing to another`() throws {
        let issuer = try Issuer()
        let token = try issuer.token()
        _ = try issuer.verifier().verify(token, at: now)
        #expect(throws: VerificationFailure.wrongAudience) {
            try issuer.verifier(audiences: ["https://third.example"]).verify(token, at: now)
        }
    }

    @Test func `the cache keeps to its capacity under 100,000 tokens`() throws {
        let issuer = try Issuer(.hs256)
        let verifier = issuer.verifier(algorithms: [.hs256], cache: 1000)
        var latest: [UInt8] = []
        for number in 0..<100_000 {
            latest = try issuer.token(id: "\(number)")
            _ = try verifier.verify(latest, at: now)
        }
        // The largest power of two not above 1000.
        #expect(verifier.cachedTokens <= 512)
        #expect(verifier.cachedTokens > 256)
        #expect(try verifier.verify(latest, at: now) === verifier.verify(latest, at: now))
    }

    @Test func `a token asked for often stays while others come and go`() throws {
        let issuer = try Issuer(.hs256)
        let verifier = issuer.verifier(algorithms: [.hs256], cache: 256)
        let hot = try issuer.token(id: "hot")
        let first = try verifier.verify(hot, at: now)
        for number in 0..<2000 {
            _ = try verifier.verify(try issuer.token(id: "\(number)"), at: now)
            #expect(try verifier.verify(hot, at: now) === first)
        }
    }

    @Test func `large tokens verify and are not kept`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        let large = try issuer.token { $0.member("pad", String(repeating: "x", count: 4096)) }
        _ = try verifier.verify(large, at: now)
        let dense = try issuer.token { writer in
            writer.name("pad")
            writer.array { writer in for _ in 0..<1200 { writer.number(0) } }
        }
        _ = try verifier.verify(dense, at: now)
        #expect(verifier.cachedTokens == 0)
    }

    @Test func `nothing is kept of what was refused`() throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier()
        for token in [try issuer.token(type: "JWT"), try issuer.token(lifetime: -60), try issuer.token(key: try JWK.generate(.es256))] {
            #expect(throws: VerificationFailure.self) { try verifier.verify(token, at: now) }
        }
        #expect(verifier.cachedTokens == 0)
    }

    @Test(arguments: [0, 1, 7])
    func `a capacity under eight keeps nothing`(capacity: Int) throws {
        let issuer = try Issuer()
        let verifier = issuer.verifier(cache: capacity)
        let token = try issuer.token()
        #expect(try verifier.verify(token, at: now) !== verifier.verify(token, at: now))
        #expect(verifier.cachedTokens == 0)
    }

    @Test func `eight threads verify while the keys rotate`() async throws {
        let issuer = try Issuer()
        let other = try JWK.generate(.es256)
        let verifier = issuer.verifier()
        let tokens = try (0..<20).map { try issuer.token(id: "\($0)") }
        let strangers = try (0..<5).map { try issuer.token(key: try JWK.generate(.es256).renamed(issuer.key.keyID), id: "\($0)") }
        let (source, key, now) = (issuer.source, issuer.key, now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for round in 0..<60 {
                        let token = tokens[(round + thread) % tokens.count]
                        // The issuer's key is in every set, so each token is good at every moment.
                        let verified = try verifier.verify(token, at: now)
                        #expect(verified.tokenID == "\((round + thread) % tokens.count)")
                        #expect(throws: VerificationFailure.badSignature) { try verifier.verify(strangers[round % 5], at: now) }
                    }
                }
            }
            group.addTask {
                for round in 0..<200 {
                    source.replace(with: JWKSet(round % 2 == 0 ? [other, key] : [key]))
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
    }
}
