// The life of a key, decided by stored times alone: whoever asks at whatever moment, the answer is the same.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import SQLStore
import Store
import Synchronization
import Testing
import Tokens

struct KeyRotationTests {
    private let start = Issuer.start
    private let audit = AuditContext(actor: .commandLine)

    @Test("the very first keys sign at once, and are not made twice")
    func first() throws {
        let issuer = try Issuer()
        #expect(try issuer.states(.access) == [.active])
        #expect(try issuer.states(.refresh) == [.active])
        try issuer.rotation.maintain(at: start.adding(seconds: 1))
        #expect(try issuer.keys(.access).count == 1 && issuer.keys(.refresh).count == 1)
        #expect(try issuer.keys(.access).first?.algorithm == "ES256")
        #expect(try issuer.keys(.refresh).first?.algorithm == "HS256")
    }

    @Test("a key is published for 360 seconds before it signs")
    func settling() throws {
        let issuer = try Issuer()
        let old = issuer.ring.snapshot.access.keyID
        #expect(try rotate(issuer, at: start) == .rotated)
        try issuer.ring.reload()
        #expect(try issuer.states() == [.active, .next])
        #expect(issuer.ring.snapshot.access.keyID == old)
        #expect(try published(issuer) == Set(issuer.keys().map(\.id)), "it is in the key set from the start")
        try move(issuer, to: 359.999)
        #expect(try issuer.states() == [.active, .next])
        try move(issuer, to: 360)
        #expect(try issuer.states() == [.retiring, .active])
        #expect(issuer.ring.snapshot.access.keyID == (try issuer.keys().last?.id))
        #expect(try published(issuer) == Set(issuer.keys().map(\.id)), "the old one stays published")
        #expect(try issuer.audited(.keyPromoted).count == 1)
    }

    @Test("while one waits there is no other, of whatever algorithm")
    func waiting() throws {
        let issuer = try Issuer()
        #expect(try rotate(issuer, at: start) == .rotated)
        #expect(try rotate(issuer, at: start) == .waiting)
        #expect(try rotate(issuer, algorithm: .edDSA, at: start) == .waiting)
        #expect(try rotate(issuer, .refresh, at: start) == .rotated, "purposes do not wait for each other")
        #expect(try issuer.keys().count == 2)
    }

    @Test("what the old key signed verifies until it has expired; a minute after the last of it the key is retired")
    func retiring() throws {
        let issuer = try Issuer()
        let user = try issuer.user()
        _ = try rotate(issuer, at: start)
        let tokens = try issuer.begin(user, at: start.adding(seconds: 300))
        try move(issuer, to: 360)
        #expect(try issuer.verifier().verify(tokens.access.text, at: start.adding(seconds: 899)).keyID == (try issuer.keys().first?.id))
        let mark = try #require(try issuer.keys().first?.lastTokenExpiresAt)
        #expect(mark >= tokens.access.expiresAt)
        let end = mark.adding(seconds: 60)
        try issuer.rotation.maintain(at: end.adding(milliseconds: -1))
        #expect(try issuer.states() == [.retiring, .active])
        try issuer.rotation.maintain(at: end)
        try issuer.ring.reload()
        #expect(try issuer.states() == [.retired, .active])
        #expect(try published(issuer) == [try #require(try issuer.keys().last?.id)])
        #expect(throws: VerificationFailure.self) { try issuer.verifier().verify(tokens.access.text, at: start) }
    }

    @Test("a refresh key stays until the last refresh token of it has expired")
    func refreshKeys() throws {
        let issuer = try Issuer(days: 0)
        let user = try issuer.user()
        let before = try issuer.begin(user)
        _ = try rotate(issuer, .refresh, at: start)
        try move(issuer, to: 360)
        #expect(try issuer.states(.refresh) == [.retiring, .active])
        let after = try issuer.refresh(before.refresh, at: start.adding(seconds: 361)).tokens
        #expect(try kid(after.refresh) == (try issuer.keys(.refresh).last?.id))
        #expect(try kid(before.refresh) == (try issuer.keys(.refresh).first?.id))
        try move(issuer, to: 1_209_600)
        #expect(try issuer.states(.refresh) == [.retiring, .active], "a token of it might still be refreshed")
        try move(issuer, to: 1_209_600 + 3600 + 360 + 60)
        #expect(try issuer.states(.refresh) == [.retired, .active])
    }

    @Test("a retry across a promotion gets the same bytes, signed by the key of its rotation")
    func retryAcrossPromotion() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        _ = try rotate(issuer, .refresh, at: start)
        let second = try issuer.refresh(first.refresh, at: start.adding(seconds: 350)).tokens
        try move(issuer, to: 360)
        let again = try issuer.refresh(first.refresh, at: start.adding(seconds: 361))
        #expect(again.isRetry && again.tokens.refresh == second.refresh)
    }

    @Test("after 90 days there is a next key, in time to sign on the day")
    func automatic() throws {
        let issuer = try Issuer()
        // The first keys were made a millisecond before the start.
        let day = 90 * 86_400.0 - 0.001
        try move(issuer, to: day - 360.001)
        #expect(try issuer.states() == [.active])
        try move(issuer, to: day - 360)
        #expect(try issuer.states() == [.active, .next])
        #expect(try issuer.states(.refresh) == [.active, .next])
        try move(issuer, to: day - 0.001)
        #expect(try issuer.states() == [.active, .next])
        try move(issuer, to: day)
        #expect(try issuer.states().last == .active)
        try move(issuer, to: 2 * day - 360.001)
        #expect(try issuer.keys().count == 2)
        try move(issuer, to: 2 * day)
        #expect(try issuer.keys().count == 3)
    }

    @Test("with 0 days no key follows for its age alone")
    func never() throws {
        let issuer = try Issuer(days: 0)
        try move(issuer, to: 10 * 365 * 86_400)
        #expect(try issuer.states() == [.active])
    }

    @Test("a process that slept finds the ring where the times say, in two steps")
    func slept() throws {
        let issuer = try Issuer()
        try move(issuer, to: 200 * 86_400)
        #expect(try issuer.states() == [.active, .next], "a key is never promoted unpublished")
        try move(issuer, to: 200 * 86_400 + 360)
        #expect(try issuer.states() == [.retiring, .active])
    }

    @Test("another algorithm in the settings makes a key of it, which signs when its time has come")
    func algorithmChange() throws {
        let issuer = try Issuer()
        let next = KeyRotation(store: issuer.store, masterKey: issuer.masterKey, algorithm: .edDSA, days: 90, random: issuer.random)
        let ring: KeyRing
        try next.maintain(at: start.adding(seconds: 10), changingAlgorithm: true)
        ring = try KeyRing(store: issuer.store, masterKey: issuer.masterKey, algorithm: .edDSA, sharedSecret: nil, random: issuer.random)
        #expect(try issuer.keys().map(\.algorithm) == ["ES256", "EdDSA"])
        #expect(ring.snapshot.access.algorithm == .es256)
        try next.maintain(at: start.adding(seconds: 20))
        #expect(try issuer.keys().count == 2)
        try next.maintain(at: start.adding(seconds: 370))
        try ring.reload()
        #expect(ring.snapshot.access.algorithm == .edDSA)
        #expect(try issuer.states() == [.retiring, .active])
    }

    @Test("a key made for another algorithm on request is followed by one of the same")
    func algorithmOnRequest() throws {
        let issuer = try Issuer()
        #expect(try rotate(issuer, algorithm: .edDSA, at: start) == .rotated)
        try issuer.rotation.maintain(at: start.adding(seconds: 361))
        try issuer.rotation.maintain(at: start.adding(seconds: 3600))
        #expect(try issuer.keys().filter { $0.state == .active || $0.state == .next }.map(\.algorithm) == ["EdDSA"])
        try issuer.rotation.maintain(at: start.adding(seconds: 100 * 86_400))
        #expect(try issuer.keys().filter { $0.state == .next }.map(\.algorithm) == ["EdDSA"])
    }

    @Test("processes that start at once make one first key of each purpose")
    func startingTogether() throws {
        let store = try SQLStore.inMemory()
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let failures = Count()
        let threads = try (0..<6).map { number in
            try #require(
                Thread {
                    let random = RandomSource.repeatable(seed: UInt64(number))
                    let rotation = KeyRotation(store: store, masterKey: masterKey, algorithm: .es256, days: 90, random: random)
                    do { try rotation.maintain(at: Issuer.start) } catch { failures.note() }
                })
        }
        for thread in threads { thread.join() }
        #expect(failures.value == 0)
        let keys = try store.read { reads throws(StoreError) in try reads.keys(includingRetired: true) }
        #expect(keys.map(\.purpose.rawValue).sorted() == ["access", "feed", "refresh"])
    }

    @Test("processes that rotate at once add one key")
    func rotatingTogether() throws {
        let issuer = try Issuer()
        let rotated = Count()
        let threads = try (0..<6).map { _ in
            try #require(
                Thread {
                    let outcome = try? issuer.rotation.rotate(
                        .access, algorithm: nil, isEmergency: false, audit: AuditContext(actor: .system), at: Issuer.start)
                    if outcome == .rotated { rotated.note() }
                })
        }
        for thread in threads { thread.join() }
        #expect(rotated.value == 1)
        #expect(try issuer.states() == [.active, .next])
    }

    @Test("an emergency retires every key of the purpose at once, the waiting one too; what they signed is dead")
    func emergency() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        _ = try rotate(issuer, at: start)
        #expect(try rotate(issuer, isEmergency: true, at: start.adding(seconds: 5)) == .rotated)
        try issuer.ring.reload()
        #expect(try issuer.states() == [.retired, .retired, .active])
        #expect(try issuer.states(.refresh) == [.active], "another purpose is not touched")
        #expect(issuer.ring.snapshot.access.keyID == (try issuer.keys().last?.id))
        #expect(try published(issuer) == [try #require(try issuer.keys().last?.id)])
        let events = try issuer.store.read { reads throws(StoreError) in try reads.liveEvents(at: start.adding(seconds: 5)) }
        #expect(Set(events.filter { $0.kind == .key }.map(\.target)) == Set(try issuer.keys().prefix(2).map(\.id)))
        #expect(throws: VerificationFailure.self) { try issuer.verifier().verify(tokens.access.text, at: start.adding(seconds: 6)) }
        let next = try issuer.refresh(tokens.refresh, at: start.adding(seconds: 6)).tokens
        #expect(throws: Never.self) { try issuer.verifier().verify(next.access.text, at: start.adding(seconds: 6)) }
        #expect(try issuer.audited(.keysReplaced).map(\.actor) == ["cli"])
    }

    @Test("an emergency for refresh logs everybody out")
    func refreshEmergency() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        _ = try rotate(issuer, .refresh, isEmergency: true, at: start)
        try issuer.ring.reload()
        #expect(issuer.failure(refreshing: tokens.refresh, at: start) == .invalid(reason: "bad_signature"))
    }

    @Test("a verifier that cached a token under a key forgets it when the key goes")
    func cachedToken() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let verifier = issuer.verifier()
        _ = try verifier.verify(tokens.access.text, at: start)
        _ = try rotate(issuer, isEmergency: true, at: start)
        try issuer.ring.reload()
        #expect(throws: VerificationFailure.self) { try verifier.verify(tokens.access.text, at: start) }
    }

    @Test("keys sealed under the master key before are sealed anew, retired ones too, once")
    func reseal() throws {
        let issuer = try Issuer()
        _ = try rotate(issuer, isEmergency: true, at: start)
        let new = [UInt8](repeating: 2, count: 32)
        let both = try #require(MasterKey(new, previous: [UInt8](repeating: 1, count: 32)))
        let rotation = KeyRotation(store: issuer.store, masterKey: both, algorithm: .es256, days: 90, random: issuer.random)
        let sealed = { try issuer.store.read { reads throws(StoreError) in try reads.keys(includingRetired: true) }.map(\.privateKey) }
        let old = try sealed()
        try rotation.reseal()
        let anew = try sealed()
        #expect(zip(old, anew).allSatisfy { $0 != $1 } && anew.count == 4)
        try rotation.reseal()
        #expect(try sealed() == anew)
        let alone = try #require(MasterKey(new))
        _ = try KeyRing(store: issuer.store, masterKey: alone, algorithm: .es256, sharedSecret: nil, random: issuer.random)
        let before = issuer.ring.snapshot.access.keyID
        do {
            try issuer.ring.reload()
            Issue.record("the old master key opened what the new one sealed")
        } catch {
            guard case .sealed(.otherKey, _) = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(issuer.ring.snapshot.access.keyID == before, "a reload that fails changes nothing")
    }

    @Test("a ring without keys says which are missing")
    func noKeys() throws {
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        #expect(throws: KeyRing.Failure.noActiveKey(.access)) {
            try KeyRing(
                store: try SQLStore.inMemory(), masterKey: masterKey, algorithm: .es256, sharedSecret: nil, random: .repeatable(seed: 1))
        }
    }

    private func rotate(
        _ issuer: Issuer, _ purpose: SigningKeyRecord.Purpose = .access, algorithm: SignatureAlgorithm? = nil, isEmergency: Bool = false,
        at now: UnixTime
    ) throws -> KeyRotation.Outcome {
        try issuer.rotation.rotate(purpose, algorithm: algorithm, isEmergency: isEmergency, audit: audit, at: now)
    }

    /// Lets the ring be looked after at a time after the start.
    private func move(_ issuer: Issuer, to seconds: Double) throws {
        try issuer.rotation.maintain(at: start.adding(milliseconds: Int64((seconds * 1000).rounded())))
        try issuer.ring.reload()
    }

    private func published(_ issuer: Issuer) throws -> Set<String> {
        let set = try JWKSet(parsing: issuer.ring.snapshot.publicJSON)
        #expect(set.skipped.isEmpty)
        return Set(set.keys.filter { $0.signs == nil }.compactMap(\.keyID))
    }

    private func kid(_ token: String) throws -> String? {
        try UnverifiedToken(parsing: Array(token.utf8)).unverifiedHeader.keyID
    }
}

struct KeyRingTests {
    private let start = Issuer.start

    @Test("a mark is raised before a token outlives it, an hour ahead, and then not again within the hour")
    func marks() throws {
        let issuer = try Issuer()
        let ring = issuer.ring
        let (access, refresh) = (start.adding(seconds: 600), start.adding(seconds: 1000))
        let marks = ring.marks(ring.snapshot, accessUntil: access, refreshUntil: refresh)
        #expect(marks.map(\.keyID) == [try issuer.keys(.access).first?.id, try issuer.keys(.refresh).first?.id])
        #expect(marks.map(\.expiresAt) == [access.adding(seconds: 3600), refresh.adding(seconds: 3600)])
        #expect(ring.marks(ring.snapshot, accessUntil: access, refreshUntil: refresh).count == 2, "until they are in the store for sure")
        ring.raised(marks)
        #expect(ring.marks(ring.snapshot, accessUntil: access.adding(seconds: 3600), refreshUntil: refresh.adding(seconds: 3600)).isEmpty)
        #expect(ring.marks(ring.snapshot, accessUntil: access.adding(milliseconds: 3_600_001), refreshUntil: refresh).count == 1)
        ring.raised([KeyMark(keyID: marks[0].keyID, expiresAt: start)])
        #expect(ring.marks(ring.snapshot, accessUntil: access, refreshUntil: refresh).isEmpty, "a mark never falls")
    }

    @Test("whatever tokens are given out, the stored marks are not behind them; after a reload they are the store's")
    func stored() throws {
        let issuer = try Issuer()
        var tokens = try issuer.begin(try issuer.user())
        for seconds in stride(from: Int64(0), to: 20_000, by: 1700) {
            tokens = try issuer.refresh(tokens.refresh, at: start.adding(seconds: seconds)).tokens
            if seconds % 3400 == 0 { try issuer.ring.reload() }
            let read = try issuer.sessions.read(Array(tokens.refresh.utf8))
            #expect(try #require(try issuer.keys(.access).first?.lastTokenExpiresAt) >= tokens.access.expiresAt)
            #expect(try #require(try issuer.keys(.refresh).first?.lastTokenExpiresAt) >= read.expiresAt)
        }
    }

    @Test("a shared secret has no mark: nobody retires it here")
    func sharedSecret() throws {
        let issuer = try Issuer(algorithm: .hs256, sharedSecret: [UInt8](repeating: 1, count: 32))
        let marks = issuer.ring.marks(issuer.ring.snapshot, accessUntil: start, refreshUntil: start)
        #expect(marks.map(\.keyID) == [try issuer.keys(.refresh).first?.id])
    }

    @Test("the validator of the key set changes with the set, and only then")
    func etag() throws {
        let issuer = try Issuer()
        let before = issuer.ring.snapshot.etag
        try issuer.ring.reload()
        #expect(issuer.ring.snapshot.etag == before)
        #expect(before.hasPrefix("\"") && before.hasSuffix("\"") && before.utf8.count > 10)
        _ = try issuer.rotation.rotate(.access, algorithm: nil, isEmergency: false, audit: Issuer.audit, at: start)
        try issuer.ring.reload()
        #expect(issuer.ring.snapshot.etag != before)
    }

    @Test("of two reloads at once, the one that read earlier does not have the last word")
    func overtaking() throws {
        let store = HookedStore(try SQLStore.inMemory())
        let issuer = try Issuer(over: store)
        let finished = Monitor(false)
        let other = Monitor<Thread?>(nil)
        store.afterNextRead {
            // The ring changes after the first reload has read it, and a second one reads the change.
            _ = try? issuer.rotation.rotate(.access, algorithm: nil, isEmergency: true, audit: Issuer.audit, at: Issuer.start)
            let thread = Thread {
                try? issuer.ring.reload()
                finished.withLock { $0 = true }
                finished.broadcast()
            }
            other.withLock { $0 = thread }
            // It may finish now, or wait for the first one; both are right.
            _ = finished.wait(milliseconds: 200) { $0 ? true : nil }
        }
        try issuer.ring.reload()
        other.withLock { $0 }?.join()
        #expect(issuer.ring.snapshot.access.keyID == (try issuer.keys().last?.id))
    }
}

/// A store that does something after a read has read and before it answers.
private final class HookedStore: Store {
    private let store: any Store
    private let hook = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ store: any Store) { self.store = store }

    func afterNextRead(_ body: @escaping @Sendable () -> Void) { hook.withLock { $0 = body } }

    func read<Value>(_ body: (any StoreReads) throws(StoreError) -> Value) throws(StoreError) -> Value {
        let value = try store.read(body)
        let hook = hook.withLock { hook in
            defer { hook = nil }
            return hook
        }
        hook?()
        return value
    }

    func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        store.write(verb, completion: completion)
    }

    func observeEvents(_ observer: @escaping @Sendable ([RevocationEvent]) -> Void) { store.observeEvents(observer) }
    func close() { store.close() }
}

/// Counts from several threads.
private final class Count: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .acquiring) }
    func note() { number.add(1, ordering: .acquiringAndReleasing) }
}
