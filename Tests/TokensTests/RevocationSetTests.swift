// The revocations of one process: what is dead by which event, for how long, and that events may come twice, in any
// order, and from several threads.

import MartletEncoding
import MartletThreads
import MartletVerifier
import Store
import Synchronization
import Testing
import Tokens

struct RevocationSetTests {
    private let start = Issuer.start

    @Test(
        "an event ends the tokens that it names and no others",
        arguments: [
            (RevocationEvent.Kind.session, "s1", true), (.token, "t1", true), (.key, "k1", true), (.session, "s2", false),
            (.token, "t2", false),
            (.key, "k2", false), (.session, "t1", false), (.token, "s1", false), (.session, "s1.1", false), (.client, "other", false),
            (.user, "s1", false), (.account, "s1", false), (.keyring, "", false),
        ])
    func kinds(kind: RevocationEvent.Kind, target: String, isRevoked: Bool) {
        let set = RevocationSet()
        set.apply([event(kind, target)])
        #expect(set.isRevoked(subject()) == isRevoked)
        #expect(set.count == (kind.revokes && kind != .user ? 1 : 0))
    }

    @Test(
        "a client's event ends the tokens issued before, by whole seconds; one without iat counts as older than all",
        arguments: [
            (1_799_999_999, true), (1_800_000_000, false), (1_800_000_001, false), (nil, true),
        ] as [(Int64?, Bool)])
    func client(issuedAt: Int64?, isRevoked: Bool) {
        let set = RevocationSet()
        set.apply([event(.client, "martlet", issuedBefore: 1_800_000_000)])
        #expect(set.isRevoked(subject(issuedAt: issuedAt)) == isRevoked)
    }

    @Test("of two events of one client the later bound holds, whichever comes first", arguments: [false, true])
    func twoOfOneClient(laterFirst: Bool) {
        let set = RevocationSet()
        let events = [event(.client, "martlet", issuedBefore: 100), event(.client, "martlet", issuedBefore: 200)]
        for event in laterFirst ? events.reversed() : events { set.apply([event]) }
        #expect(set.isRevoked(subject(issuedAt: 150)))
        #expect(!set.isRevoked(subject(issuedAt: 200)))
        #expect(set.count == 1)
    }

    @Test("an event that comes twice changes nothing, and the longer life of the two stays")
    func twice() {
        let set = RevocationSet()
        set.apply([event(.session, "s1", until: 60), event(.session, "s1", until: 600), event(.session, "s1", until: 60)])
        #expect(set.count == 1)
        set.purge(at: start.adding(seconds: 600 + 3599))
        #expect(set.isRevoked(subject()))
        set.purge(at: start.adding(seconds: 600 + 3600))
        #expect(!set.isRevoked(subject()))
        #expect(set.count == 0)
        set.apply([event(.session, "s1", until: 900)])
        #expect(set.isRevoked(subject()), "purged is not forbidden")
    }

    @Test("a purge takes what has been over for an hour, should the clock be stepped back, and nothing else")
    func purge() {
        let set = RevocationSet()
        set.apply((0..<500).map { event(.token, "t\($0)", until: Int64($0)) })
        set.purge(at: start.adding(seconds: 249 + 3600))
        #expect(set.count == 250)
        #expect(!set.isRevoked(RevocationSubject(token: RevocationDigest(.token, "t249"))))
        #expect(set.isRevoked(RevocationSubject(token: RevocationDigest(.token, "t250"))))
    }

    @Test("a subject without ids is never revoked")
    func empty() {
        let set = RevocationSet()
        set.apply([event(.session, ""), event(.token, ""), event(.key, "")])
        #expect(!set.isRevoked(RevocationSubject()))
    }

    @Test("threads that apply, ask and purge at once lose nothing and miscount nothing")
    func parallel() throws {
        let set = RevocationSet()
        let start = start
        let misses = Misses()
        let threads = try (0..<4).map { number in
            try #require(
                Thread {
                    for index in 0..<500 {
                        // Half of the names are the others' too.
                        let name = index % 2 == 0 ? "shared-\(index)" : "own-\(number)-\(index)"
                        set.apply([Self.event(.session, name, until: 600)])
                        if !set.isRevoked(RevocationSubject(session: RevocationDigest(.session, name))) { misses.note() }
                        if index % 50 == 0 { set.purge(at: start) }
                    }
                })
        }
        for thread in threads { thread.join() }
        #expect(misses.count == 0)
        #expect(set.count == 250 + 4 * 250)
        set.purge(at: start.adding(seconds: 600 + 3600))
        #expect(set.count == 0)
    }

    private func event(_ kind: RevocationEvent.Kind, _ target: String, until: Int64 = 660, issuedBefore: Int64? = nil) -> RevocationEvent {
        Self.event(kind, target, until: until, issuedBefore: issuedBefore)
    }

    private static func event(_ kind: RevocationEvent.Kind, _ target: String, until: Int64, issuedBefore: Int64? = nil) -> RevocationEvent {
        RevocationEvent(
            sequence: 1, id: "e", kind: kind, target: target, at: Issuer.start, until: Issuer.start.adding(seconds: until),
            issuedBefore: issuedBefore.map { UnixTime(seconds: $0) }, reason: nil, cause: nil)
    }

    private func subject(issuedAt: Int64? = 1_800_000_000) -> RevocationSubject {
        RevocationSubject(
            session: RevocationDigest(.session, "s1"), token: RevocationDigest(.token, "t1"), client: RevocationDigest(.client, "martlet"),
            key: RevocationDigest(.key, "k1"), issuedAt: issuedAt)
    }
}

private final class Misses: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .acquiring) }
    func note() { number.add(1, ordering: .acquiringAndReleasing) }
}
