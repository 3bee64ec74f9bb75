// SQLiteStatement: one prepared statement of one connection, its parameters and the columns of its current row.
//
// Placeholders are `$1`, `$2` …: to SQLite these are names, numbered by first appearance ("SQLite also supports
// named parameters … the index of the first occurrence", https://www.sqlite.org/lang_expr.html#varparam), so
// each is looked up by name once, when the statement is prepared.

import CSQLite
package import Store

/// What can be bound to a placeholder.
package enum SQLValue: Sendable, Hashable {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null

    /// Text, or null for nil.
    package static func optional(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    /// A number, or null for nil.
    package static func optional(_ number: Int64?) -> SQLValue { number.map(SQLValue.integer) ?? .null }
    /// The bytes, or NULL.
    package static func optionalBlob(_ bytes: [UInt8]?) -> SQLValue { bytes.map(SQLValue.blob) ?? .null }
    /// 1 or 0.
    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
}

/// A prepared statement. Used by one thread at a time, as its connection is.
package final class SQLiteStatement {
    private let database: OpaquePointer
    private let handle: OpaquePointer
    /// Kept, because the connection knows this statement by the text's identity.
    private let sql: SQL
    /// SQLite's index of `$n` at place `n - 1`; 0 for a number that the text does not name.
    private let parameters: [Int32]

    init(database: OpaquePointer, sql: SQL) throws(StoreError) {
        var handle: OpaquePointer?
        var text = sql.text
        let code = text.withUTF8 {
            $0.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v3(database, $0.baseAddress, Int32($0.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
            }
        }
        guard code == SQLITE_OK, let handle else { throw SQLiteConnection.failure(database, code) }
        self.database = database
        self.handle = handle
        self.sql = sql
        parameters = (0..<sqlite3_bind_parameter_count(handle)).map { sqlite3_bind_parameter_index(handle, "$\($0 + 1)") }
    }

    deinit { sqlite3_finalize(handle) }

    /// Binds `values` to `$1`, `$2` … in this order.
    package func bind(_ values: [SQLValue]) throws(StoreError) {
        guard values.count == parameters.count else {
            throw .unavailable(detail: "a statement with \(parameters.count) placeholders got \(values.count) values")
        }
        for (place, value) in values.enumerated() {
            let index = parameters[place]
            let code =
                switch value {
                case .integer(let number): sqlite3_bind_int64(handle, index, number)
                case .null: sqlite3_bind_null(handle, index)
                case .text(var text):
                    text.withUTF8 { bytes in
                        bytes.withMemoryRebound(to: CChar.self) { characters in
                            // A null pointer would bind NULL, and the empty string may have one.
                            characters.baseAddress.map {
                                sqlite3_bind_text64(
                                    handle, index, $0, UInt64(characters.count), martlet_sqlite_transient(), UInt8(SQLITE_UTF8))
                            } ?? sqlite3_bind_text64(handle, index, "", 0, martlet_sqlite_transient(), UInt8(SQLITE_UTF8))
                        }
                    }
                case .blob(let bytes):
                    bytes.isEmpty
                        ? sqlite3_bind_zeroblob(handle, index, 0)
                        : sqlite3_bind_blob64(handle, index, bytes, UInt64(bytes.count), martlet_sqlite_transient())
                }
            guard code == SQLITE_OK else { throw SQLiteConnection.failure(database, code) }
        }
    }

    /// Goes to the next row; false when there is none.
    package func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw SQLiteConnection.failure(database, code)
    }

    /// Goes to the next row and answers SQLite's result code, for those who decide by it.
    func stepCode() -> Int32 { sqlite3_step(handle) }

    /// Ends this run, so that the statement holds no snapshot and can be run again.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// A whole number of the current row, by column from 0.
    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// A whole number of the current row, or nil for null.
    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// Text of the current row, by its length and not to the first NUL.
    package func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    /// Text of the current row, or nil for null.
    package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    /// A column's bytes; nil for NULL.
    package func optionalBlob(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }

    /// Bytes of the current row.
    package func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
}
