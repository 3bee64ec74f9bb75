// The seal over what lies in tiers. What a key source makes of it is in RemoteKeyTiersTests.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import Testing

@Suite struct FleetTiersTests {
    @Test(arguments: [(0, false), (31, false), (32, true), (64, true)])
    func `a secret has 32 bytes or more`(length: Int, isEnough: Bool) {
        #expect((FleetTiers([], secret: [UInt8](repeating: 1, count: length)) != nil) == isEnough)
    }

    @Test func `a value lies under a MAC that binds it to its name`() throws {
        let (tier, issuer, clock) = (SharedTier(), ScriptedIssuer(), OwnedClock())
        let secret = [UInt8](0..<32)
        issuer.publish([try JWK.generate(.es256)])
        let source = try RemoteKeySource.scripted(
            issuer, clock, tiers: FleetTiers([tier.member], secret: secret).unwrapped())
        source.begin()
        _ = source.step(at: clock.now)
        let (name, sealed) = try tier.state.withLock { $0.values.first }.unwrapped()
        let value = Array(sealed[32...])
        let code = HMACKey(secret).code(for: Array("martlet-tier-1\0\(name)\0".utf8) + value)
        #expect(Array(sealed[..<32]) == code)
        #expect(try JSONDocument(parsing: value).root["fetched_at"]?.integer == clock.now.milliseconds)
    }

    @Test func `a lock is had in all tiers or in none, and a dead one is nobody's obstacle`() throws {
        let (issuer, clock) = (ScriptedIssuer(), OwnedClock())
        let (first, second, dead) = (SharedTier(), SharedTier(), SharedTier())
        dead.state.withLock { $0.isDead = true }
        issuer.publish([try JWK.generate(.es256)])
        let tiers = try FleetTiers([dead.member, first.member, second.member], secret: [UInt8](0..<32)).unwrapped()
        let source = try RemoteKeySource.scripted(issuer, clock, tiers: tiers)
        source.begin()
        // All that are alive are held during the fetch, and none after it.
        issuer.meanwhile { #expect([first, second].allSatisfy { $0.state.withLock { $0.locks.count } == 1 }) }
        _ = source.step(at: clock.now)
        #expect([first, second].allSatisfy { $0.state.withLock { $0.locks.isEmpty && $0.values.count == 1 } })
        // The second is another's: the first is let go of.
        let name = try second.state.withLock { $0.values.keys.first }.unwrapped()
        #expect(try second.member.lock(name, milliseconds: 6000))
        clock.pass(seconds: 240)
        issuer.meanwhile { #expect(first.state.withLock { $0.locks.isEmpty }) }
        _ = source.step(at: clock.now)
        #expect(issuer.count() == 2)
    }
}
