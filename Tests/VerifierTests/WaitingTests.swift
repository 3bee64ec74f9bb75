// Verifying that waits: a token whose key is on its way is not refused, and no thread stands still for it.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct WaitingTests {
    private let clock = OwnedClock()
    private let issuer = ScriptedIssuer()

    @Test func `a token that comes before the keys waits for them`() async throws {
        let key = try JWK.generate(.es256)
        issuer.publish([key])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        let verifier = TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: source)
        let token = String(decoding: try self.token(key), as: UTF8.self)
        async let verified = verifier.verify(token, requiring: "account", clock: clock.read)
        while source.state.waiting == 0 { await Task.yield() }
        _ = source.step(at: clock.now)
        #expect(try await verified.subject == "user-1")
    }

    @Test func `a bound token waits as well, and its proof is used up once`() async throws {
        let (key, holder) = (try JWK.generate(.es256), try JWK.generate(.es256))
        issuer.publish([key])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        let verifier = TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: source)
        let thumbprint = try Holder.thumbprint(of: holder)
        let text = try Issuer().token(key: key) { writer in
            writer.name("cnf")
            writer.object { $0.member("jkt", thumbprint) }
        }
        let token = String(decoding: text, as: UTF8.self)
        let proof = PresentedProof([try Holder.proof(holder, text)], method: "GET", uri: BoundTokenTests.uri)
        async let verified = verifier.verify(token, proof: proof, clock: clock.read)
        while source.state.waiting == 0 { await Task.yield() }
        _ = source.step(at: clock.now)
        #expect(try await verified.proofKey == thumbprint)
        await #expect(throws: VerificationFailure.badProof(.replayed)) {
            try await verifier.verify(token, proof: proof, clock: clock.read)
        }
    }

    @Test func `one that no key comes for is refused when the fetch has ended`() async throws {
        issuer.publish([try JWK.generate(.es256)])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        _ = source.step(at: clock.now)
        let verifier = FederatedVerifier([
            Issuer.url: TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: source)
        ])
        let token = String(decoding: try self.token(try JWK.generate(.es256)), as: UTF8.self)
        let result = Task { [verifier, clock] in try await verifier.verify(token, clock: clock.read) }
        while source.state.waiting == 0 { await Task.yield() }
        _ = source.step(at: clock.now)
        await #expect(throws: VerificationFailure.unknownKey) { try await result.value }
    }

    @Test func `one that is plainly bad does not wait`() async throws {
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        let verifier = TokenVerifier(policy: VerificationPolicy(issuer: "https://other.example", audiences: nil), keys: source)
        let token = String(decoding: try self.token(try JWK.generate(.es256)), as: UTF8.self)
        await #expect(throws: VerificationFailure.unknownKey) { try await verifier.verify(token, clock: clock.read) }
        #expect(source.state.waiting == 0)
    }

    @Test func `an issuer that keys may not be fetched from is refused by name`() {
        #expect(throws: InvalidIssuer.self) {
            try RemoteVerifier(issuer: "http://auth.example", fetcher: ScriptedIssuer(), clock: clock.read)
        }
    }

    private func token(_ key: JWK) throws -> [UInt8] {
        try Issuer().token(key: key, lifetime: 10_000_000)
    }
}
