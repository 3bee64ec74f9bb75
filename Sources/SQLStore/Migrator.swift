// Migrator: brings a database's schema forward, step by step, and refuses one that this program must not use.
//
// Each step is one transaction together with its line in `schema_migrations`, so that a crash leaves a whole number
// of steps. Two processes may migrate at once: what is to be done is looked up again with the write lock held.

import MartletEncoding
import Store

/// The steps that this program knows.
struct Migrator {
    let migrations: [Migration]

    init(_ migrations: [Migration]) throws(StoreError) {
        self.migrations = migrations.sorted { $0.number < $1.number }
        for (place, migration) in self.migrations.enumerated() where migration.number != place + 1 {
            throw .incompatible(detail: "migration \(place + 1) is missing or there twice")
        }
    }

    /// The steps that the database does not have yet. Throws `incompatible` for a database of a newer program or of other steps.
    func pending(on connection: SQLiteConnection) throws(StoreError) -> [Migration] {
        guard try connection.first(Self.tableExists, [], { _ throws(StoreError) in true }) != nil else { return migrations }
        let applied = try connection.all(Self.applied) { row throws(StoreError) in
            (number: Int(row.integer(0)), name: row.text(1), checksum: row.text(2), requires: Int(row.integer(3)))
        }
        for (number, name, checksum, requires) in applied {
            guard number <= migrations.count else {
                if requires <= migrations.count { continue }
                throw .incompatible(
                    detail: "the database has migration \(number) (\(name)) of a newer Martlet; "
                        + "this one knows \(migrations.count): install that version again")
            }
            guard migrations[number - 1].checksum == checksum else {
                throw .incompatible(
                    detail: "migration \(number) (\(name)) is not the one that this database was made with; "
                        + "an applied migration must never be edited")
            }
        }
        let highest = applied.map(\.number).max() ?? 0
        guard applied.count == highest else {
            throw .incompatible(detail: "the database has migration \(highest) but not all before it")
        }
        return migrations.filter { $0.number > highest }
    }

    /// Applies every pending step. Waits for another process that is at the same.
    func apply(on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) {
        while try !pending(on: connection).isEmpty {
            try Self.begin(on: connection)
            do throws(StoreError) {
                try connection.execute(script: Self.table)
                if let next = try pending(on: connection).first {
                    try connection.execute(script: next.sql)
                    try connection.run(
                        Self.record,
                        [
                            .integer(Int64(next.number)), .text(next.name), .text(next.checksum), .integer(Int64(next.requires)),
                            .integer(now.milliseconds),
                        ])
                }
                try connection.run(Statements.commit)
            } catch {
                connection.rollBack()
                throw error
            }
        }
    }

    private static func begin(on connection: SQLiteConnection) throws(StoreError) {
        for _ in 0..<attempts {
            if try connection.attempt(Statements.beginImmediate) { return }
        }
        throw .unavailable(detail: "another process keeps the database locked")
    }

    /// Times the busy timeout; a step over a large table takes its time.
    private static let attempts = 300
    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, requires INTEGER NOT NULL,
            applied_at INTEGER NOT NULL)
        """
    private static let tableExists: SQL = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
    private static let applied: SQL = "SELECT number, name, checksum, requires FROM schema_migrations ORDER BY number"
    private static let record: SQL = """
        INSERT INTO schema_migrations (number, name, checksum, requires, applied_at) VALUES ($1, $2, $3, $4, $5)
        """
}
