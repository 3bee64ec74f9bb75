// What happens when the file or the disk is not as it should be: a clear refusal, nothing half-written, and service
// again when the cause is gone.

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

@Suite("the store under fault")
struct SQLStoreFaultTests {
    let directory: TemporaryDirectory
    let path: String
    static let now = UnixTime(seconds: 1_800_000_000)

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/martlet.sqlite"
    }

    @Test("a file that is no database is refused, and left as it is")
    func notADatabase() throws {
        let bytes = Array(String(repeating: "not a database. ", count: 1000).utf8)
        try writeFile(path, bytes)
        let error = #expect(throws: StoreError.self) { try SQLStore.forTests(.file(path)) }
        guard case .incompatible = error else { throw FixtureError(what: "\(String(describing: error))") }
        #expect(try readFile(path) == bytes)
    }

    @Test("a database with damaged pages is refused or answers errors, and never traps")
    func damaged() throws {
        let store = try SQLStore.forTests(.file(path))
        try addUsers(0..<200, to: store)
        store.close()
        var bytes = try readFile(path)
        for place in stride(from: 4096, to: bytes.count, by: 7) { bytes[place] = 0xA5 }
        try writeFile(path, bytes)
        #expect(throws: StoreError.self) {
            let store = try SQLStore.forTests(.file(path))
            defer { store.close() }
            _ = try store.read { reads throws(StoreError) in try reads.users(matching: "x", page: Page()) }
            _ = try store.read { reads throws(StoreError) in try reads.user(UserID("7")) }
        }
    }

    @Test("the file and the log beside it are for their owner only")
    func fileMode() throws {
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try addUsers(0..<1, to: store)
        for end in ["", "-wal", "-shm"] {
            var status = stat()
            #expect(stat(path + end, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600, "\(end)")
        }
    }

    @Test("a directory that is not there is said by its path")
    func noDirectory() {
        let error = #expect(throws: StoreError.self) { try SQLStore.forTests(.file("/nonexistent/martlet.sqlite")) }
        #expect(error?.detail.contains("/nonexistent") == true)
    }

    @Test("on a full disk verbs are refused with nothing left of them, and go through once there is room")
    func fullDisk() throws {
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try addUsers(0..<20, to: store)
        let limit: SQL = "PRAGMA page_count"
        let pages = try store.writer.read { connection throws(StoreError) in
            try connection.first(limit) { row throws(StoreError) in row.integer(0) }
        }
        try setMaximumPages(try #require(pages) + 2, store)

        let results = Results()
        for number in 100..<400 {
            let new = NewUser(id: UserID("\(number)"), username: "user\(number)", passwordHash: String(repeating: "h", count: 500))
            store.write({ transaction throws(StoreError) in
                try transaction.createUser(new, audit: AuditContext(actor: .system), at: Self.now)
            }) { result in
                if case .failure(let error) = result { results.add("\(error)") } else { results.add(number.description) }
            }
        }
        let all = try results.wait(for: 300)
        let made = Set(all.compactMap { $0.flatMap(Int.init) })
        #expect(made.count < 300)
        for number in 100..<400 {
            let user = try store.read { reads throws(StoreError) in try reads.user(UserID("\(number)")) }
            #expect((user != nil) == made.contains(number))
        }
        try setMaximumPages(1_000_000, store)
        try addUsers(500..<520, to: store)
        #expect(try store.read { reads throws(StoreError) in try reads.user(UserID("519")) } != nil)
    }

    @Test("while another process holds the lock reads go on, verbs wait, then fail, and later go through")
    func locked() throws {
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try addUsers(0..<1, to: store)
        let other = try SQLiteConnection(path: path, role: .writer)
        try other.execute(script: "BEGIN IMMEDIATE")
        let error = #expect(throws: StoreError.self) { try addUsers(1..<2, to: store) }
        guard case .unavailable(let detail) = error else { throw FixtureError(what: "\(String(describing: error))") }
        #expect(detail.contains("locked"))
        #expect(try store.read { reads throws(StoreError) in try reads.user(UserID("0")) } != nil)
        try other.execute(script: "COMMIT")
        try addUsers(1..<2, to: store)
    }

    @Test("past the bound of waiting verbs the answer is overloaded, and those that wait are carried out")
    func overloaded() throws {
        let store = try SQLStore.forTests(.file(path), queueLimit: 10)
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
        for number in 0..<15 {
            store.write({ transaction throws(StoreError) in try transaction.setFact(.issuer, "\(number)") }) { result in
                if case .failure(let error) = result { results.add("\(error)") } else { results.add(nil) }
            }
        }
        #expect(results.all == Array(repeating: "overloaded", count: 5))
        gate.withLock { $0 = true }
        gate.broadcast()
        #expect(try results.wait(for: 15).count { $0 == nil } == 10)
        #expect(try store.read { reads throws(StoreError) in try reads.fact(.issuer) } == "9")
    }

    @Test("many readers at once get their answers through a bounded number of connections, while verbs are written")
    func manyReaders() throws {
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try addUsers(0..<10, to: store)
        let results = Results()
        let threads = try (0..<40).map { thread in
            try #require(
                Thread {
                    for number in 0..<50 {
                        let user = try? store.read { reads throws(StoreError) in try reads.user(UserID("\((thread + number) % 10)")) }
                        if (user ?? nil) == nil { results.add("not found") }
                    }
                    results.add(nil)
                })
        }
        try addUsers(10..<60, to: store)
        for thread in threads { thread.join() }
        #expect(results.all == Array(repeating: nil, count: 40))
    }

    private func addUsers(_ numbers: Range<Int>, to store: SQLStore) throws(StoreError) {
        for number in numbers {
            let new = NewUser(id: UserID("\(number)"), username: "user\(number)", passwordHash: nil)
            _ = try store.write { transaction throws(StoreError) in
                try transaction.createUser(new, audit: AuditContext(actor: .system), at: Self.now)
            }
        }
    }

    private func setMaximumPages(_ count: Int64, _ store: SQLStore) throws(StoreError) {
        try store.writer.read { connection throws(StoreError) in try connection.execute(script: "PRAGMA max_page_count = \(count)") }
    }
}

/// Lines that other threads add.
final class Results: Sendable {
    private let lines = Monitor<[String?]>([])

    func add(_ line: String?) {
        lines.withLock { $0.append(line) }
        lines.broadcast()
    }

    var all: [String?] { lines.withLock { $0 } }

    func wait(for count: Int) throws -> [String?] {
        guard let all = lines.wait(milliseconds: 20_000, until: { $0.count >= count ? $0 : nil }) else {
            throw FixtureError(what: "only \(all.count) of \(count) came")
        }
        return all
    }
}
