// Migrations: forward only, each once, and no database that is not this program's.

import MartletEncoding
import MartletThreads
import ProjectMigrations
import Store
import Testing

@testable import SQLStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("migrations")
struct MigratorTests {
    let directory: TemporaryDirectory
    let path: String
    let migrations: [Migration]

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/martlet.sqlite"
        migrations = try projectMigrations()
    }

    @Test("a new database has all of them pending, and none once it was opened")
    func pending() throws {
        #expect(try SQLStore.pendingMigrations(location: .file(path), migrations: migrations) == migrations)
        #expect(access(path, F_OK) != 0, "asking makes no file")
        try SQLStore.forTests(.file(path)).close()
        #expect(try SQLStore.pendingMigrations(location: .file(path), migrations: migrations).isEmpty)
    }

    @Test("the files are numbered from 1 without gaps")
    func numbering() {
        #expect(!migrations.isEmpty)
        #expect(migrations.map(\.number) == Array(1...migrations.count))
    }

    @Test("what was written outlives closing, and a later step is added to it")
    func forward() throws {
        let store = try SQLStore.forTests(.file(path))
        try store.write { transaction throws(StoreError) in try transaction.setFact(.issuer, "https://issuer.example") }
        store.close()
        let step = Migration(number: migrations.count + 1, name: "more", sql: "CREATE TABLE more (a); INSERT INTO more VALUES (1);")
        #expect(try SQLStore.pendingMigrations(location: .file(path), migrations: migrations + [step]) == [step])
        let again = try SQLStore.forTests(.file(path), migrations: migrations + [step])
        defer { again.close() }
        #expect(try again.read { reads throws(StoreError) in try reads.fact(.issuer) } == "https://issuer.example")
    }

    @Test("accounts of before imports are found as they were, and their hashes are counted by scheme")
    func imports() throws {
        try SQLStore.forTests(.file(path), migrations: Array(migrations.prefix(5))).close()
        do {
            let connection = try SQLiteConnection(path: path, role: .writer)
            for (name, hash) in [
                ("Ada", "'$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'"), ("bob", "NULL"), ("eve", "'pbkdf2_sha256$1000$salt$aGFzaA=='"),
                ("ian", "'$argon2id-over$v=1$sha1$salt$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA'"), ("joe", "'!unusable'"),
                ("kim", "'none of them'"), ("lee", "'md5$$hash'"),
            ] {
                try connection.execute(
                    script: """
                        INSERT INTO users (id, username, username_key, email_verified, display_name, password_hash, roles,
                            is_administrator, is_active, version, created_at, updated_at)
                        VALUES ('\(name)', '\(name)', lower('\(name)'), 0, '', \(hash), '[]', 0, 1, 1, 0, 0)
                        """)
            }
        }
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        for name in ["Ada", "ADA", "ada"] {
            let found = try store.read { reads throws(StoreError) in try reads.user(username: UsernameKey(name)) }
            #expect(found?.id == UserID("Ada"))
        }
        let taken = NewUser(id: UserID("new"), username: "EVE", passwordHash: nil)
        let outcome = try store.write { transaction throws(StoreError) in
            try transaction.createUser(taken, audit: AuditContext(actor: .system), at: UnixTime(seconds: 1_800_000_000))
        }
        #expect(outcome == .usernameTaken)
        let schemes = try store.read { reads throws(StoreError) in try reads.passwordSchemes(at: UnixTime(seconds: 1_800_000_000)) }
        #expect(
            schemes.map { "\($0.name) \($0.accounts)" } == [
                "none 2", "argon2id 1", "django.md5 1", "django.pbkdf2_sha256 1", "unknown 1", "wrapped.sha1 1",
            ])
    }

    @Test("a step that fails leaves nothing of itself and the steps before it")
    func failingStep() throws {
        let broken = Migration(number: migrations.count + 1, name: "broken", sql: "CREATE TABLE half (a); SELECT nonsense;")
        #expect(throws: StoreError.self) { try SQLStore.forTests(.file(path), migrations: migrations + [broken]) }
        let mended = Migration(number: migrations.count + 1, name: "broken", sql: "CREATE TABLE half (a);")
        try SQLStore.forTests(.file(path), migrations: migrations + [mended]).close()
    }

    @Test("an edited step is refused with its number")
    func changed() throws {
        try SQLStore.forTests(.file(path)).close()
        var edited = migrations
        edited[1] = Migration(number: 2, name: edited[1].name, sql: edited[1].sql + " ")
        let error = #expect(throws: StoreError.self) { try SQLStore.forTests(.file(path), migrations: edited) }
        guard case .incompatible(let detail) = error else { throw FixtureError(what: "\(String(describing: error))") }
        #expect(detail.contains("migration 2"))
    }

    @Test("a newer program's database is refused unless its steps say that this one may run")
    func newer() throws {
        let step = Migration(number: migrations.count + 1, name: "later", sql: "CREATE TABLE later (a);")
        try SQLStore.forTests(.file(path), migrations: migrations + [step]).close()
        let error = #expect(throws: StoreError.self) { try SQLStore.forTests(.file(path)) }
        guard case .incompatible(let detail) = error else { throw FixtureError(what: "\(String(describing: error))") }
        #expect(detail.contains("newer"))

        let other = directory.path + "/other.sqlite"
        defer { for end in ["", "-wal", "-shm"] { unlink(other + end) } }
        let harmless = Migration(
            number: migrations.count + 1, name: "harmless", sql: "CREATE TABLE later (a);", requires: migrations.count)
        try SQLStore.forTests(.file(other), migrations: migrations + [harmless]).close()
        try SQLStore.forTests(.file(other)).close()
    }

    @Test("many that migrate one new database at once all succeed, and each step is applied once")
    func atOnce() throws {
        let results = Results()
        let threads = try (0..<6).map { [path] _ in
            try #require(
                Thread {
                    do {
                        try SQLStore.forTests(.file(path)).close()
                        results.add(nil)
                    } catch { results.add("\(error)") }
                })
        }
        for thread in threads { thread.join() }
        #expect(results.all == Array(repeating: nil, count: 6))
        #expect(try SQLStore.pendingMigrations(location: .file(path), migrations: migrations).isEmpty)
    }

    @Test("gaps and repeated numbers are refused")
    func gaps() {
        let one = Migration(number: 1, name: "one", sql: "")
        let three = Migration(number: 3, name: "three", sql: "")
        #expect(throws: StoreError.self) { try Migrator([one, three]) }
        #expect(throws: StoreError.self) { try Migrator([one, one]) }
    }

    @Test(
        "a file's name says number and name",
        arguments: [
            ("0001_users.sqlite.sql", 1, "users"), ("0012_a_b.sqlite.sql", 12, "a_b"), ("0001_users.postgres.sql", nil, nil),
            ("1_users.sqlite.sql", nil, nil), ("0001.sqlite.sql", nil, nil), ("README", nil, nil), ("+001_x.sqlite.sql", nil, nil),
        ] as [(String, Int?, String?)])
    func fileNames(file: String, number: Int?, name: String?) {
        let migration = Migration(fileName: file, sql: "")
        #expect(migration?.number == number && migration?.name == name)
    }
}
