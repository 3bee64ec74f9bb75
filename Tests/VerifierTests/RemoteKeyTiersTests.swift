// Tiers below the policy: a fleet fetches once between its processes, a cold start works during an outage, and what is not under
// the fleet's seal is as good as not there.
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import Testing

/// Memory that several processes share. Each has a ``Member`` of it.
final class SharedTier: Sendable {
    struct State {
        var values: [String: [UInt8]] = [:]
        var locks: [String: ObjectIdentifier] = [:]
        var refusals = 0
        var isDead = false
        /// Done before the next lock is given, once.
        var beforeLock: (@Sendable () -> Void)?
    }

    let state = Monitor(State())

    var member: any Tier { Member(tier: self) }

    private final class Member: Tier {
        let tier: SharedTier

        init(tier: SharedTier) { self.tier = tier }

        private func use<Result>(_ body: (inout State) -> Result) throws(TierFailure) -> Result {
            defer { tier.state.broadcast() }
            return try tier.state.withLock { state throws(TierFailure) in
                guard !state.isDead else { throw TierFailure("dead") }
                return body(&state)
            }
        }

        func read(_ name: String) throws(TierFailure) -> [UInt8]? { try use { $0.values[name] } }

        func write(_ name: String, _ value: [UInt8], lifetime: Int64) throws(TierFailure) { try use { $0.values[name] = value } }

        func lock(_ name: String, milliseconds: Int64) throws(TierFailure) -> Bool {
            let before = tier.state.withLock { state in
                defer { state.beforeLock = nil }
                return state.beforeLock
            }
            before?()
            return try use { state in
                if state.locks[name] != nil {
                    state.refusals += 1
                    return false
                }
                state.locks[name] = ObjectIdentifier(self)
                return true
            }
        }

        func unlock(_ name: String) {
            try? use { if $0.locks[name] == ObjectIdentifier(self) { $0.locks[name] = nil } }
        }
    }
}

@Suite struct RemoteKeyTiersTests {
    private let clock = OwnedClock()
    private let issuer = ScriptedIssuer()
    private let tier = SharedTier()
    private let secret = [UInt8](repeating: 7, count: 32)
    private let key: JWK
    private let next: JWK

    init() throws {
        key = try JWK.generate(.es256).renamed("a")
        next = try JWK.generate(.es256).renamed("b")
    }

    /// A process of the fleet.
    private func process(
        _ location: RemoteKeySource.Location? = nil, secret: [UInt8]? = nil, limits: RemoteKeySource.Limits = .init(),
        pause: @escaping @Sendable (Int64) -> Void = { _ in }
    ) throws -> RemoteKeySource {
        let tiers = try FleetTiers([tier.member], secret: secret ?? self.secret).unwrapped()
        let source = try RemoteKeySource.scripted(issuer, clock, location, tiers: tiers, limits: limits, pause: pause)
        source.begin()
        return source
    }

    private func isGood(_ source: RemoteKeySource, _ key: JWK? = nil) throws -> Bool {
        let token = try Issuer().token(key: key ?? self.key, lifetime: 1_000_000)
        return (try? source.verifier.verify(token, at: clock.now)) != nil
    }

    @Test func `ten processes that start at once make one fetch`() throws {
        issuer.publish([key])
        // The fetch takes until all the others have been told that another fetches; and they look again when it has ended.
        issuer.meanwhile { [tier] in _ = tier.state.wait(milliseconds: 10_000) { $0.refusals >= 9 ? true : nil } }
        let sources = try (0..<10).map { _ in
            try process { [tier] _ in _ = tier.state.wait(milliseconds: 10_000) { $0.values.isEmpty ? nil : true } }
        }
        let ended = Told()
        let threads = sources.compactMap { source in
            Thread { [clock] in
                _ = source.step(at: clock.now)
                ended.count()
            }
        }
        #expect(ended.comes(to: 10))
        threads.forEach { $0.join() }
        #expect(issuer.count() == 1)
        for source in sources { #expect(try isGood(source)) }
        #expect(sources.count { $0.state.origin == .network } == 1 && sources.allSatisfy { $0.state.failures == 0 })
        #expect(tier.state.withLock { $0.locks.isEmpty })
    }

    @Test func `ten processes of a day refresh by one fetch each time`() throws {
        issuer.publish([key])
        let sources = try (0..<10).map { _ in try process() }
        for _ in 0..<5 {
            for source in sources { _ = source.step(at: clock.now) }
            clock.pass(seconds: 240)
        }
        #expect(issuer.count() == 5)
    }

    @Test func `a fresh entry makes the first fetch needless, and the discovery with it`() throws {
        issuer.describe(revocations: "https://auth.example/revocations")
        issuer.publish([key], entityTag: "\"1\"")
        _ = try process(.issuer(Issuer.url)).step(at: clock.now)
        clock.pass(seconds: 239)
        let source = try process(.issuer(Issuer.url))
        #expect(source.step(at: clock.now) == Issuer.now.adding(seconds: 240))
        #expect(try isGood(source) && issuer.asked.count == 2 && source.state.origin == .tier && source.state.fetches == 0)
        #expect(source.revocationsURL?.description == "https://auth.example/revocations")
        #expect(source.snapshot.goodUntil == Issuer.now.adding(seconds: 86_400), "it is as old as it is")
        // And what comes next is asked for with its tag.
        clock.pass(seconds: 1)
        _ = source.step(at: clock.now)
        #expect(issuer.asked.last?.headers.last?.value == "\"1\"" && source.snapshot.generation == 1 && issuer.asked.count == 3)
    }

    @Test(arguments: [(Int64(3600), true), (86_399, true), (86_400, false)])
    func `a cold start during an outage has what is not older than the ceiling`(age: Int64, isUsed: Bool) throws {
        issuer.publish([key])
        _ = try process().step(at: clock.now)
        issuer.answer { _ throws(FetchFailure) in throw .unreachable(detail: "down") }
        clock.pass(seconds: age)
        let source = try process()
        _ = source.step(at: clock.now)
        #expect(try isGood(source) == isUsed && issuer.count() == 2)
        #expect(source.state.isReady(at: clock.now) == isUsed)
    }

    @Test func `who waits has old keys from a tier while new ones are being fetched`() throws {
        issuer.publish([key])
        _ = try process().step(at: clock.now)
        clock.pass(seconds: 3600)
        let (source, told) = (try process(), Told())
        #expect(source.look(for: "a", at: clock.now) == .pending)
        source.whenSettled { told.count() }
        issuer.meanwhile { [self] in
            #expect(told.calls == 1)
            #expect((try? isGood(source)) == true)
        }
        _ = source.step(at: clock.now)
        #expect(issuer.count() == 2 && source.state.origin == .network)
    }

    @Test func `an entry of a time that has not come is not believed, but for a minute`() throws {
        issuer.publish([key])
        _ = try process().step(at: clock.now)
        clock.pass(seconds: -60)
        _ = try process().step(at: clock.now)
        #expect(issuer.count() == 1)
        clock.pass(seconds: -1)
        _ = try process().step(at: clock.now)
        #expect(issuer.count() == 2)
    }

    @Test func `an entry that was tampered with is as good as none`() throws {
        issuer.publish([key])
        _ = try process().step(at: clock.now)
        let (name, value) = try tier.state.withLock { $0.values.first }.unwrapped()
        #expect(name.hasPrefix("martlet:keys:") && name.utf8.count == 35)
        for (count, place) in stride(from: 0, to: value.count, by: 7).enumerated() {
            var other = value
            other[place] ^= 1
            tier.state.withLock { $0.values[name] = other }
            let source = try process()
            _ = source.step(at: clock.now)
            #expect(issuer.count() == count + 2 && source.state.origin == .network)
        }
    }

    @Test func `an entry under another secret is as good as none`() throws {
        issuer.publish([key])
        _ = try process(secret: [UInt8](repeating: 8, count: 32)).step(at: clock.now)
        _ = try process().step(at: clock.now)
        #expect(issuer.count() == 2)
    }

    @Test func `an entry of another issuer is as good as none, under whatever name`() throws {
        issuer.publish([next])
        issuer.answer("/other") { [key] _ in FetchResponse(status: 200, body: JWKSet([key]).publicJSON) }
        _ = try process().step(at: clock.now)
        let (_, value) = try tier.state.withLock { $0.values.first }.unwrapped()
        let other = RemoteKeySource.Location.keySet(try SecureURL("https://auth.example/other").unwrapped())
        _ = try process(other).step(at: clock.now)
        #expect(tier.state.withLock { $0.values.count } == 2)
        tier.state.withLock { state in for name in state.values.keys { state.values[name] = value } }
        let source = try process(other)
        _ = source.step(at: clock.now)
        #expect(issuer.count("/other") == 2)
        #expect(try isGood(source) && !isGood(source, next))
    }

    @Test func `a dead tier costs nothing but the sharing`() throws {
        issuer.publish([key])
        tier.state.withLock { $0.isDead = true }
        let sources = try (0..<3).map { _ in try process { _ in Issue.record("nobody is waited for") } }
        for source in sources { _ = source.step(at: clock.now) }
        for source in sources { #expect(try isGood(source)) }
        #expect(issuer.count() == 3 && sources.allSatisfy { $0.state.failures == 0 })
    }

    @Test func `what another process wrote just before the lock was had is seen`() throws {
        issuer.publish([key])
        let (one, two) = (try process(), try process())
        tier.state.withLock { $0.beforeLock = { [clock] in _ = two.step(at: clock.now) } }
        _ = one.step(at: clock.now)
        #expect(issuer.count() == 1 && two.state.origin == .network && one.state.origin == .tier)
        #expect(tier.state.withLock { $0.locks.isEmpty })
    }

    @Test func `a lock whose holder is gone is waited for, and no longer than it may be held`() throws {
        issuer.publish([key])
        let dead = tier.member
        let source = try process { [clock] milliseconds in clock.pass(milliseconds: milliseconds) }
        _ = source.step(at: clock.now)
        let name = try tier.state.withLock { $0.values.keys.first }.unwrapped()
        clock.pass(seconds: 240)
        #expect(try dead.lock(name, milliseconds: 6000))
        let began = clock.now
        _ = source.step(at: began)
        #expect(clock.now == began.adding(seconds: 6) && issuer.count() == 2 && source.state.failures == 0)
        #expect(tier.state.withLock { $0.locks.count } == 1, "it is not this process's to end")
    }

    @Test func `a kid that another process has fetched needs no fetch, and one that it has not found needs none either`() throws {
        issuer.publish([key])
        let (one, two) = (try process(), try process())
        _ = one.step(at: clock.now)
        _ = two.step(at: clock.now)
        issuer.publish([key, next])
        clock.pass(seconds: 10)
        #expect(one.look(for: "b", at: clock.now) == .pending)
        _ = one.step(at: clock.now)
        #expect(issuer.count() == 2)
        // Later than the cooldown of that fetch: the kid is there.
        clock.pass(seconds: 60)
        #expect(two.look(for: "b", at: clock.now) == .pending)
        _ = two.step(at: clock.now)
        #expect(try isGood(two, next) && issuer.count() == 2)
        #expect(two.look(for: "c", at: clock.now) == .unknown, "the cooldown runs here as after a fetch")
        // Within the cooldown of another's forced fetch: that one counts.
        clock.pass(seconds: 30)
        #expect(one.look(for: "c", at: clock.now) == .pending)
        _ = one.step(at: clock.now)
        #expect(issuer.count() == 3)
        clock.pass(seconds: 29)
        #expect(two.look(for: "d", at: clock.now) == .pending)
        _ = two.step(at: clock.now)
        #expect(issuer.count() == 3 && two.look(for: "d", at: clock.now) == .unknown)
        // After it, this process asks for itself.
        clock.pass(seconds: 31)
        #expect(two.look(for: "d", at: clock.now) == .pending)
        _ = two.step(at: clock.now)
        #expect(issuer.count() == 4 && two.look(for: "d", at: clock.now) == .unknown)
    }

    @Test func `who waits for a kid goes on waiting where another process's keys do not have it`() throws {
        issuer.publish([key])
        let (one, two, told) = (try process(), try process(), Told())
        _ = one.step(at: clock.now)
        _ = two.step(at: clock.now)
        clock.pass(seconds: 10)
        _ = one.demandKeys(at: clock.now)
        _ = one.step(at: clock.now)
        clock.pass(seconds: 31)
        issuer.publish([key, next])
        #expect(two.look(for: "b", at: clock.now) == .pending)
        two.whenSettled { told.count() }
        issuer.meanwhile { #expect(told.calls == 0 && two.state.origin == .tier) }
        _ = two.step(at: clock.now)
        #expect(told.calls == 1 && issuer.count() == 3)
        #expect(try isGood(two, next))
    }

    @Test func `what the feed demands comes from the issuer, whatever the tiers have and whoever holds the lock`() throws {
        issuer.publish([key])
        let (one, two) = (try process(), try process())
        _ = one.step(at: clock.now)
        _ = two.step(at: clock.now)
        clock.pass(seconds: 1)
        _ = one.demandKeys(at: clock.now)
        _ = one.step(at: clock.now)
        let name = try tier.state.withLock { $0.values.keys.first }.unwrapped()
        let stranger = tier.member
        #expect(try stranger.lock(name, milliseconds: 6000))
        issuer.publish([next])
        #expect(two.demandKeys(at: clock.now))
        _ = two.step(at: clock.now)
        #expect(try isGood(two, next) && !isGood(two) && issuer.count() == 3)
        // It is shared all the same.
        clock.pass(seconds: 240)
        _ = one.step(at: clock.now)
        #expect(try isGood(one, next))
    }

    @Test func `of several tiers the newest entry counts`() throws {
        let old = SharedTier()
        issuer.publish([key])
        let first = try RemoteKeySource.scripted(
            issuer, clock, tiers: FleetTiers([old.member], secret: secret).unwrapped())
        first.begin()
        _ = first.step(at: clock.now)
        clock.pass(seconds: 100)
        issuer.publish([next])
        _ = try process().step(at: clock.now)
        let both = try RemoteKeySource.scripted(
            issuer, clock, tiers: FleetTiers([old.member, tier.member], secret: secret).unwrapped())
        both.begin()
        _ = both.step(at: clock.now)
        #expect(try isGood(both, next) && !isGood(both) && issuer.count() == 2)
    }
}
