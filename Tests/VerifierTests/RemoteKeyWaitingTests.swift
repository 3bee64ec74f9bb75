// Who waits for keys, and the thread that fetches them.
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import Testing

/// Counts calls, and can be waited on.
final class Told: Sendable {
    private let monitor = Monitor(0)

    var calls: Int { monitor.withLock { $0 } }

    func count() {
        monitor.withLock { $0 += 1 }
        monitor.broadcast()
    }

    /// Whether there have been so many calls, within ten seconds.
    func comes(to count: Int) -> Bool {
        monitor.wait(milliseconds: 10_000) { $0 >= count ? true : nil } ?? false
    }
}

@Suite struct RemoteKeyWaitingTests {
    private let clock = OwnedClock()
    private let issuer = ScriptedIssuer()
    private let told = Told()

    @Test(arguments: [true, false])
    func `who waits is told when the fetch has ended, and not before`(isThere: Bool) throws {
        if isThere { issuer.publish([try JWK.generate(.es256)]) }
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        #expect(source.look(for: "a", at: clock.now) == .pending)
        source.whenSettled { [told] in told.count() }
        issuer.meanwhile { [told] in #expect(told.calls == 0) }
        _ = source.step(at: clock.now)
        #expect(told.calls == 1)
        source.whenSettled { [told] in told.count() }
        #expect(told.calls == 2, "nothing is pending, so at once")
        #expect(source.look(for: "a", at: clock.now) == (isThere ? .pending : .unavailable))
    }

    @Test func `who is told can look and wait again`() throws {
        issuer.publish([try JWK.generate(.es256).renamed("a")])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        source.whenSettled { [told, clock, source] in
            #expect(source.snapshot.keys.contains(keyID: "a"))
            #expect(source.look(for: "b", at: clock.now) == .pending)
            source.whenSettled { told.count() }
        }
        _ = source.step(at: clock.now)
        #expect(told.calls == 0)
        _ = source.step(at: clock.now)
        #expect(told.calls == 1 && source.look(for: "b", at: clock.now) == .unknown)
    }

    @Test func `a thousand unknown kids at once wait for one fetch, and no more than 1,024 wait`() throws {
        issuer.publish([try JWK.generate(.es256).renamed("a")])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        _ = source.step(at: clock.now)
        for number in 0..<1024 {
            #expect(source.look(for: "random-\(number)", at: clock.now) == .pending)
            source.whenSettled { [told] in told.count() }
        }
        #expect(told.calls == 0 && source.state.waiting == 1024)
        #expect(source.look(for: "one-more", at: clock.now) == .unavailable, "nothing can be said about it")
        source.whenSettled { [told] in told.count() }
        #expect(told.calls == 1, "no room, so at once")
        _ = source.step(at: clock.now)
        #expect(told.calls == 1025 && issuer.count() == 2)
        let state = source.state
        #expect(state.absentKeyIDs == 256 && state.waiting == 0)
        for number in 0..<1024 { #expect(source.look(for: "random-\(number)", at: clock.now) == .unknown) }
        // The memory is bounded: what did not fit costs a fetch, one in each cooldown as ever.
        clock.pass(seconds: 31)
        #expect(source.look(for: "random-0", at: clock.now) == .unknown)
        #expect(source.look(for: "random-1000", at: clock.now) == .pending)
        _ = source.step(at: clock.now)
        #expect(source.state.absentKeyIDs == 256 && issuer.count() == 3)
    }

    @Test func `a kid that cannot be one causes nothing`() throws {
        issuer.publish([try JWK.generate(.es256).renamed("a")])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        _ = source.step(at: clock.now)
        for keyID in [nil, "", String(repeating: "k", count: 257), String(repeating: "é", count: 129)] {
            #expect(source.look(for: keyID, at: clock.now) == .unknown)
        }
        #expect(source.look(for: String(repeating: "k", count: 256), at: clock.now) == .pending)
        // Two spellings of one character are two kids.
        issuer.publish([try JWK.generate(.es256).renamed("\u{E9}")])
        _ = source.step(at: clock.now)
        #expect(source.snapshot.keys.contains(keyID: "\u{E9}") && !source.snapshot.keys.contains(keyID: "e\u{301}"))
    }

    @Test func `a source that does not run says so and lets nobody wait`() throws {
        issuer.publish([try JWK.generate(.es256).renamed("a")])
        let source = try RemoteKeySource.scripted(issuer, clock)
        #expect(source.look(for: "a", at: clock.now) == .unavailable && !source.demandKeys(at: clock.now))
        source.whenSettled { [told] in told.count() }
        #expect(told.calls == 1)
        source.begin()
        #expect(source.look(for: "a", at: clock.now) == .pending)
        source.whenSettled { [told] in told.count() }
        #expect(told.calls == 1)
        source.stop()
        #expect(told.calls == 2 && source.look(for: "a", at: clock.now) == .unavailable && !source.begin())
        #expect(source.step(at: clock.now).milliseconds == .max && issuer.asked.isEmpty)

        let another = try RemoteKeySource.scripted(issuer, clock)
        another.begin()
        _ = another.step(at: clock.now)
        another.stop()
        #expect(another.look(for: "b", at: clock.now) == .unknown && !another.demandKeys(at: clock.now))
        #expect(another.snapshot.keys.contains(keyID: "a") && !another.state.isRunning && another.state.nextFetch == nil)
    }

    @Test func `the thread fetches at its start, for an unknown kid and for the feed`() throws {
        issuer.publish([try JWK.generate(.es256).renamed("a")])
        let source = try RemoteKeySource.scripted(issuer, clock)
        #expect(source.start() && !source.start())
        source.whenSettled { [told] in told.count() }
        #expect(told.comes(to: 1) && source.snapshot.keys.contains(keyID: "a"))
        #expect(source.look(for: "b", at: clock.now) == .pending)
        source.whenSettled { [told] in told.count() }
        #expect(told.comes(to: 2) && issuer.count() == 2 && source.look(for: "b", at: clock.now) == .unknown)
        issuer.meanwhile { [told] in told.count() }
        #expect(source.demandKeys(at: clock.now))
        #expect(told.comes(to: 3))
        source.stop()
        source.stop()
        #expect(!source.start())
    }

    @Test func `stopping gives up the fetch that is under way`() throws {
        let began = Told()
        issuer.answer { request throws(FetchFailure) in
            began.count()
            let nothing = Monitor(())
            while !request.isCancelled() { _ = nothing.wait(milliseconds: 2) { _ in nil as Void? } }
            throw .cancelled
        }
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.start()
        source.whenSettled { [told] in told.count() }
        #expect(began.comes(to: 1))
        #expect(source.state.isFetching && source.look(for: "a", at: clock.now) == .pending)
        source.stop()
        #expect(told.calls == 1 && source.state.failures == 0 && source.look(for: "a", at: clock.now) == .unavailable)
    }
}
