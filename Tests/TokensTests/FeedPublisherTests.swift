// The feed as it is given out: what its documents say, how often they are signed, and who is told.

import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import Store
import Synchronization
import Testing
import Tokens

struct FeedPublisherTests {
    private let start = Issuer.start
    private let issuer: Issuer
    private let feed: FeedPublisher

    init() throws {
        issuer = try Issuer()
        feed = FeedPublisher(FeedDocuments(issuer: Issuer.url, lineage: "line", ring: issuer.ring), clock: { Issuer.start })
    }

    @Test("a snapshot has every live entry, a delta those after its base; both are signed by the feed's key")
    func documents() throws {
        feed.apply([event(3, .session, "s3"), event(5, .token, "t5"), event(6, .account, "u"), event(9, .key, "k9")])
        feed.publish(at: start)
        let snapshot = try read(feed.documents.document(after: nil, at: start))
        #expect(snapshot.sequence == 9 && snapshot.after == nil && snapshot.lineage == "line" && snapshot.issuer == Issuer.url)
        #expect(Set(snapshot.entries.map(\.digest)) == [digest(.session, "s3"), digest(.token, "t5"), digest(.key, "k9")])
        for (after, base, expected) in [(0, 0, 3), (3, 3, 2), (4, 3, 2), (5, 5, 1), (8, 5, 1), (9, 9, 0)] as [(Int64, Int64, Int)] {
            let delta = try read(feed.documents.document(after: after, at: start))
            #expect(delta.after == base && delta.sequence == 9 && delta.entries.count == expected, "after \(after)")
        }
    }

    @Test("somebody from another history gets the snapshot")
    func otherHistory() throws {
        feed.apply([event(3, .session, "s3")])
        feed.publish(at: start)
        #expect(feed.documents.hasNews(after: 4))
        #expect(try read(feed.documents.document(after: 4, at: start)).after == nil)
    }

    @Test("events that end no token move the number on, but are news for nobody")
    func quietEvents() throws {
        feed.apply([event(1, .account, "u"), event(2, .keyring, "")])
        feed.publish(at: start)
        #expect(!feed.documents.hasNews(after: 0))
        #expect(try read(feed.documents.document(after: 0, at: start)).sequence == 2)
    }

    @Test("an event that is told twice, or late, is one entry")
    func twice() throws {
        feed.documents.load([event(4, .session, "s4")], sequence: 7)
        feed.apply([event(4, .session, "s4"), event(7, .session, "s7"), event(8, .session, "s8"), event(8, .session, "s8")])
        feed.documents.load([event(4, .session, "s4"), event(7, .session, "s7")], sequence: 8)
        feed.publish(at: start)
        #expect(try read(feed.documents.document(after: nil, at: start)).entries.count == 3)
    }

    @Test("an entry whose time is over is in no document, and purged")
    func ends() throws {
        feed.apply([event(1, .session, "s1", lives: 60), event(2, .session, "s2", lives: 600)])
        feed.publish(at: start)
        let later = start.adding(seconds: 60)
        #expect(try read(feed.documents.document(after: 0, at: later)).entries.map(\.digest) == [digest(.session, "s2")])
        feed.documents.purge(at: later)
        #expect(feed.gauge.entries == 2, "a clock that jumped ahead may come back")
        feed.documents.purge(at: start.adding(seconds: 3660))
        #expect(feed.gauge.entries == 1)
    }

    @Test("however many ask, a document is signed once a second for each base")
    func signatures() throws {
        feed.apply([event(1, .session, "s1")])
        feed.publish(at: start)
        for _ in 0..<100 {
            _ = try feed.documents.document(after: 0, at: start)
            _ = try feed.documents.document(after: 1, at: start)
            _ = try feed.documents.document(after: nil, at: start)
        }
        #expect(feed.gauge.signed == 3)
        let first = try feed.documents.document(after: 1, at: start)
        let next = try feed.documents.document(after: 1, at: start.adding(seconds: 1))
        #expect(try read(next).issuedAt == read(first).issuedAt + 1, "freshness is proved anew")
        #expect(feed.gauge.signed == 4)
    }

    @Test("whoever knows the same entries gets the same document, however many numbers lie between")
    func crowd() throws {
        feed.apply([event(1, .session, "s1")] + (2...500).map { event($0, .account, "u\($0)") } + [event(501, .session, "s501")])
        feed.publish(at: start)
        for after in 1..<500 { _ = try feed.documents.document(after: Int64(after), at: start) }
        #expect(feed.gauge.signed == 1)
        #expect(try read(feed.documents.document(after: 250, at: start)).entries.map(\.digest) == [digest(.session, "s501")])
    }

    @Test("whoever has much to catch up on gets the snapshot, of which there is one")
    func farBehind() throws {
        feed.apply((1...1500).map { event($0, .session, "s\($0)") })
        feed.publish(at: start)
        for after in 0..<400 { #expect(try read(feed.documents.document(after: Int64(after), at: start)).after == nil) }
        #expect(feed.gauge.signed == 1)
        #expect(try feed.documents.short(after: 0, at: start) == nil && feed.documents.short(after: 1400, at: start) != nil)
    }

    @Test("what does not fit into one document comes in parts, each good by itself")
    func parts() throws {
        let documents = FeedDocuments(issuer: Issuer.url, lineage: "line", ring: issuer.ring, mostEntries: 2000)
        documents.load((1...5000).map { event($0 * 2, .session, "s\($0)") } + [event(10_001, .account, "u")], sequence: 10_001)
        var known: Set<RevocationDigest> = []
        var position: Int64?
        var parts = 0
        repeat {
            let document = try read(documents.document(after: position, at: start))
            #expect(document.entries.count <= 2000 && document.sequence > position ?? 0)
            if let after = document.after { #expect(after <= position ?? -1) }
            known.formUnion(document.entries.map(\.digest))
            position = document.sequence
            parts += 1
        } while documents.hasNews(after: position ?? 0) && parts < 10
        #expect(known.count == 5000 && parts == 3 && position == 10_001)
    }

    @Test("the snapshot's validator needs no signature, changes with what is revoked, and every half minute")
    func validator() throws {
        feed.apply([event(1, .session, "s1")])
        feed.publish(at: start)
        let tag = feed.documents.snapshotTag(at: start)
        #expect(feed.gauge.signed == 0)
        #expect(try feed.documents.document(after: nil, at: start).etag == tag)
        #expect(feed.documents.snapshotTag(at: start.adding(seconds: 30)) != tag)
        feed.apply([event(2, .session, "s2")])
        feed.publish(at: start)
        #expect(feed.documents.snapshotTag(at: start) != tag)
    }

    @Test("those who wait are told what they do not know, together and once")
    func waiting() throws {
        feed.apply([event(1, .session, "s1")])
        feed.publish(at: start)
        let told = Told()
        for client in 0..<50 { #expect(feed.wait(told.waiter(after: 1, client: UInt64(client)))) }
        #expect(!feed.wait(told.waiter(after: 0, client: 99)), "who can be told at once does not wait")
        feed.apply([event(2, .session, "s2"), event(3, .session, "s3")])
        #expect(told.documents.isEmpty, "not before it is published")
        feed.publish(at: start)
        #expect(told.documents.count == 50 && feed.gauge.signed == 1 && feed.gauge.waiting == 0)
        let document = try #require(told.documents.first)
        let delta = try read(document)
        #expect(delta.after == 1 && delta.entries.count == 2)
        feed.apply([event(4, .session, "s4")])
        feed.publish(at: start)
        #expect(told.documents.count == 50)
    }

    @Test("of one address sixteen may wait, and two thousand in all; whoever left makes room")
    func bounds() throws {
        let told = Told()
        for _ in 0..<16 { #expect(feed.wait(told.waiter(after: 0, client: 1))) }
        #expect(!feed.wait(told.waiter(after: 0, client: 1)))
        for client in 2..<(2 + 1984) { #expect(feed.wait(told.waiter(after: 0, client: UInt64(client)))) }
        #expect(!feed.wait(told.waiter(after: 0, client: 9_999_999)))
        told.leave()
        #expect(feed.wait(Told().waiter(after: 0, client: 1)))
        #expect(feed.gauge.waiting == 1)
    }

    @Test("when the feed ends everybody is answered, and nobody waits any more")
    func ending() throws {
        let told = Told()
        #expect(feed.wait(told.waiter(after: 0, client: 1)))
        feed.stop()
        #expect(told.documents.count == 1)
        #expect(!feed.wait(told.waiter(after: 0, client: 1)))
    }

    @Test("the feed's thread tells of an event without being asked, and signs with the key of the moment")
    func thread() throws {
        let told = Told()
        #expect(feed.wait(told.waiter(after: 0, client: 1)))
        let started = Thread { [feed] in feed.run() }
        let thread = try #require(started)
        _ = try issuer.rotation.rotate(.feed, algorithm: nil, isEmergency: true, audit: Issuer.audit, at: start)
        feed.apply([event(1, .key, "old"), event(2, .keyring, "")])
        told.await(1)
        feed.stop()
        thread.join()
        let document = try #require(told.documents.first)
        let signedBy = try UnverifiedToken(parsing: document.text).unverifiedHeader.keyID
        let active = try issuer.keys(.feed).filter { $0.state == .active }.map(\.id)
        #expect(active == [signedBy])
    }

    @Test("news after a quiet time goes out at once, whatever accounts have changed in the meantime")
    func quietTime() throws {
        let told = Told()
        let pauses = Told()
        #expect(feed.wait(told.waiter(after: 0, client: 1)))
        let started = Thread { [feed] in feed.run() }
        let thread = try #require(started)
        feed.apply([event(1, .account, "u"), event(2, .keyring, "")])
        feed.apply([event(3, .session, "s3")])
        told.await(1)
        #expect(feed.wait(pauses.waiter(after: 3, client: 1)))
        #expect(try read(try #require(told.documents.first)).sequence == 3)
        feed.stop()
        thread.join()
        #expect(feed.gauge.signed <= 2, "nothing was published for the accounts' sake")
    }

    // MARK: Small things

    private func event(_ sequence: Int64, _ kind: RevocationEvent.Kind, _ target: String, lives: Int64 = 600) -> RevocationEvent {
        RevocationEvent(
            sequence: sequence, id: "e\(sequence)", kind: kind, target: target, at: start, until: start.adding(seconds: lives),
            issuedBefore: nil, reason: nil, cause: nil)
    }

    private func digest(_ kind: RevocationDigest.Kind, _ id: String) -> RevocationDigest { RevocationDigest(kind, id) }

    private func read(_ document: FeedDocument) throws -> RevocationDocument {
        let jws = try CompactJWS(parsing: document.text, maximumLength: 1 << 20)
        #expect(jws.unverifiedHeader.type == "revocations+jwt")
        let keys = issuer.ring.snapshot.verifying.candidates(
            keyID: jws.unverifiedHeader.keyID, algorithm: .es256, type: "revocations+jwt")
        let key = try #require(keys.first)
        #expect(key.signs == "revocations+jwt")
        return try RevocationDocument(parsing: try jws.verified(by: key).payload)
    }
}

/// Those who wait, and what they were told.
private final class Told: Sendable {
    private let state = Monitor<(documents: [FeedDocument], hasLeft: Bool)>(([], false))

    var documents: [FeedDocument] { state.withLock { $0.documents } }

    func waiter(after: Int64, client: UInt64) -> FeedPublisher.Waiter {
        FeedPublisher.Waiter(after: after, client: client, isGone: { [state] in state.withLock { $0.hasLeft } }) { [state] result in
            state.withLock { state in if case .success(let document) = result { state.documents.append(document) } }
            state.broadcast()
        }
    }

    func leave() { state.withLock { $0.hasLeft = true } }

    func await(_ count: Int) { state.wait { $0.documents.count >= count ? () : nil } }
}
