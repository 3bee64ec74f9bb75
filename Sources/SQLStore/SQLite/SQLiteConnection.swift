// SQLiteConnection: one connection to one SQLite database, with the statements it has prepared.
//
// Knows SQLite and nothing of Martlet's tables. Opened without SQLite's own mutex, because a connection belongs
// to one thread at a time: the writer's to the writer, a reader's to whoever borrowed it.

import CSQLite
package import Store

/// One text of SQL, known by its identity, so that finding its prepared statement does not hash the text.
package final class SQL: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// The text, with `$1`, `$2` … for values.
    let text: String
    package init(stringLiteral text: String) { self.text = text }
}

/// A connection. Used by one thread at a time.
package final class SQLiteConnection {
    let database: OpaquePointer
    /// Where SQLite's hook writes how long the log is.
    private let logLength = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private var statements: [ObjectIdentifier: SQLiteStatement] = [:]

    /// What a connection is for.
    package enum Role: Sendable {
        /// Writes, and creates the database when there is none.
        case writer
        /// Only reads.
        case reader
    }

    /// Opens a database. `path` is a file's, or `:memory:` for one that lives as long as this connection.
    package init(path: String, role: Role) throws(StoreError) {
        let flags =
            switch role {
            case .writer: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .reader: SQLITE_OPEN_READONLY
            }
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard let handle else { throw .unavailable(detail: "there is no memory for a database connection") }
        guard code == SQLITE_OK else {
            let error = Self.failure(handle, code)
            sqlite3_close_v2(handle)
            throw .unavailable(detail: "\(path): \(error.detail)")
        }
        database = handle
        logLength.initialize(to: 0)
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(database)
        logLength.deallocate()
    }

    /// Milliseconds that a statement waits for another process's lock before it fails.
    package func setBusyTimeout(milliseconds: Int32) {
        sqlite3_busy_timeout(database, milliseconds)
    }

    /// Whether no transaction is open. Some failures (a full disk, an I/O error) end the whole transaction by themselves:
    /// https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
    package var isOutsideTransaction: Bool { sqlite3_get_autocommit(database) != 0 }

    /// Rows that the last statement inserted, changed or deleted.
    package var changes: Int64 { sqlite3_changes64(database) }

    /// Pages in the write-ahead log after this connection's last commit.
    package var logPages: Int32 { logLength.pointee }

    /// Leaves checkpoints to the caller, who learns from ``logPages`` when one is due.
    package func takeOverCheckpoints() {
        sqlite3_wal_hook(
            database,
            { cell, _, _, pages in
                cell?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, logLength)
    }

    /// Runs any number of statements without values, such as a migration's.
    package func execute(script: String) throws(StoreError) {
        let code = sqlite3_exec(database, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw Self.failure(database, code) }
    }

    /// Runs a statement to its end.
    package func run(_ sql: SQL, _ values: [SQLValue] = []) throws(StoreError) {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
    }

    /// The first row that a statement answers, read by `read`; nil when there is none.
    package func first<Value>(
        _ sql: SQL, _ values: [SQLValue] = [], _ read: (SQLiteStatement) throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        return try statement.step() ? try read(statement) : nil
    }

    /// Every row that a statement answers, read by `read`.
    package func all<Value>(
        _ sql: SQL, _ values: [SQLValue] = [], _ read: (SQLiteStatement) throws(StoreError) -> Value
    ) throws(StoreError) -> [Value] {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        var rows = [Value]()
        while try statement.step() { rows.append(try read(statement)) }
        return rows
    }

    /// Tries a statement that takes a lock; false when another connection holds it past the busy timeout.
    package func attempt(_ sql: SQL) throws(StoreError) -> Bool {
        let statement = try prepared(sql)
        defer { statement.reset() }
        let code = statement.stepCode()
        if code == SQLITE_DONE || code == SQLITE_ROW { return true }
        // The low byte is the primary code: https://www.sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes
        if code & 0xFF == SQLITE_BUSY { return false }
        throw Self.failure(database, code)
    }

    /// Takes back whatever transaction is open, if any.
    package func rollBack() {
        if !isOutsideTransaction { try? run(Self.rollback) }
        // A failed ROLLBACK would leave the transaction open; closing statements and asking again is all there is.
        if !isOutsideTransaction { sqlite3_exec(database, "ROLLBACK", nil, nil, nil) }
    }

    private func prepared(_ sql: SQL) throws(StoreError) -> SQLiteStatement {
        if let statement = statements[ObjectIdentifier(sql)] { return statement }
        let statement = try SQLiteStatement(database: database, sql: sql)
        statements[ObjectIdentifier(sql)] = statement
        return statement
    }

    /// What a result code means for the caller, with SQLite's own words for the log.
    static func failure(_ database: OpaquePointer, _ code: Int32) -> StoreError {
        let words = String(cString: sqlite3_errmsg(database))
        return switch code & 0xFF {
        case SQLITE_NOTADB: .incompatible(detail: "the file is not a database (\(words))")
        case SQLITE_CORRUPT: .incompatible(detail: "the database file is damaged (\(words))")
        default: .unavailable(detail: "SQLite error \(code): \(words)")
        }
    }

    private static let rollback: SQL = "ROLLBACK"
}
