// How fast rows whose time is over go: as fast as verbs make them, by themselves when nothing is written, never in
// one large piece, and not at all in a process that is told to purge nothing.

import MartletEncoding
import MartletThreads
import Store
import Testing

@testable import SQLStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("the purge")
struct PurgeTests {
    let directory: TemporaryDirectory
    let path: String
    static let now = UnixTime(seconds: 1_800_000_000)
    static let later = now.adding(seconds: 500 * 86_400)

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/martlet.sqlite"
    }

    @Test(
        "rows of one batch: four for each verb, eight at least, 1,024 at most",
        arguments: [(1, 8), (2, 8), (3, 12), (100, 400), (256, 1024), (1000, 1024)])
    func rows(verbs: Int, rows: Int) {
        #expect(Purge.rows(forVerbs: verbs) == rows)
    }

    @Test("every table with rows that are over gets its share, and one that is done leaves its own to the others")
    func shares() throws {
        let store = try SQLStore.forTests(.file(path), auditDays: nil)
        defer { store.close() }
        try makeRows(100, in: store)
        let purge = Purge(auditDays: 400)
        var (events, lines) = try left(in: store)
        for rows in [8, 40] {
            let purged = try run(purge, rows: rows, in: store)
            let now = try left(in: store)
            #expect(purged == rows)
            #expect(events - now.events == rows / 2 && lines - now.lines == rows / 2)
            (events, lines) = now
        }
        #expect(try run(purge, rows: 1000, in: store) == events + lines)
        #expect(try left(in: store) == (0, 0))
        #expect(try run(purge, rows: 1000, in: store) == 0)
    }

    @Test("a batch of many verbs purges four rows for each")
    func keepsUp() throws {
        // Made by a process that purges nothing, so that all of it is there when the batch comes.
        let maker = try SQLStore.forTests(.file(path), auditDays: nil)
        try makeRows(500, in: maker)
        maker.close()
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        let gate = Monitor(false)
        let started = Monitor(false)
        store.write({ _ throws(StoreError) in
            started.withLock { $0 = true }
            started.broadcast()
            gate.wait { $0 ? () : nil }
        }) { _ in }
        started.wait { $0 ? () : nil }
        let results = Results()
        for _ in 0..<100 {
            store.write({ transaction throws(StoreError) in
                try transaction.record(
                    .keyPromoted, target: nil, result: .success, detail: nil, audit: AuditContext(actor: .system), at: Self.later)
            }) { _ in
                // On the writer's thread, so before it turns to anything else.
                let events = try? store.read { reads throws(StoreError) in try reads.events(after: 0, limit: 1000).count }
                results.add(events?.description)
            }
        }
        gate.withLock { $0 = true }
        gate.broadcast()
        let events = try results.wait(for: 100).map { Int($0 ?? "") }
        #expect(events == Array(repeating: 300, count: 100))
    }

    @Test("with nothing to write the rest goes by itself")
    func idle() throws {
        let maker = try SQLStore.forTests(.file(path), auditDays: nil)
        try makeRows(700, in: maker)
        maker.close()
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try store.write { transaction throws(StoreError) in
            _ = try transaction.advanceKeys(at: Self.later, settleSeconds: 0)
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while try left(in: store) != (0, 0), ContinuousClock.now < deadline { usleep(1000) }
        #expect(try left(in: store) == (0, 0))
    }

    @Test("a process that is told to purge nothing leaves what is over, whatever it writes")
    func nothing() throws {
        let store = try SQLStore.forTests(.file(path), auditDays: nil)
        defer { store.close() }
        try makeRows(10, in: store)
        for _ in 0..<40 {
            try store.write { transaction throws(StoreError) in
                _ = try transaction.advanceKeys(at: Self.later, settleSeconds: 0)
            }
        }
        #expect(try left(in: store) == (10, 10))
    }

    /// As many events as lines in the trail, over long before `later`.
    private func makeRows(_ count: Int, in store: SQLStore) throws(StoreError) {
        try store.write { transaction throws(StoreError) in
            for number in 0..<count {
                _ = try transaction.revoke(
                    .token(id: "\(number)", until: Self.now), reason: nil, audit: AuditContext(actor: .system), at: Self.now)
            }
        }
    }

    private func run(_ purge: Purge, rows: Int, in store: SQLStore) throws(StoreError) -> Int {
        try store.writer.read { connection throws(StoreError) in try purge.run(on: connection, at: Self.later, rows: rows) }
    }

    private func left(in store: SQLStore) throws(StoreError) -> (events: Int, lines: Int) {
        let count: SQL = "SELECT (SELECT count(*) FROM revocation_events), (SELECT count(*) FROM audit WHERE action = 'token.revoked')"
        return try store.writer.read { connection throws(StoreError) in
            try connection.first(count) { row throws(StoreError) in (Int(row.integer(0)), Int(row.integer(1))) } ?? (0, 0)
        }
    }
}
