// SQLiteDatabase: a SQLite file, only read, or a nameless one that dumps are sorted into.

import CSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class SQLiteDatabase: DjangoDatabase {
    private let handle: OpaquePointer
    private let name: String
    private var statements: [String: OpaquePointer] = [:]

    /// Opens a file that is there, to read it. Its writers go on.
    init(reading path: String) throws(DjangoDataError) {
        guard access(path, R_OK) == 0 else { throw DjangoDataError("\(path) cannot be read: \(String(cString: strerror(errno))).") }
        name = path
        handle = try Self.open(path, SQLITE_OPEN_READONLY)
        sqlite3_busy_timeout(handle, 30_000)
        // A view or a trigger of a stranger's file has no functions to call.
        try execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -8192")
        // The file is only looked at now.
        _ = try number("SELECT count(*) FROM sqlite_master")
    }

    /// Makes a database that nobody else can see: SQLite keeps it in memory and spills it into an unlinked file of its own
    /// ("Temporary Databases", https://www.sqlite.org/inmemorydb.html#temp_db).
    init(temporaryFor name: String) throws(DjangoDataError) {
        self.name = name
        handle = try Self.open("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        try execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384")
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Rows that the last statement inserted.
    var changes: Int64 { sqlite3_changes64(handle) }

    func execute(_ script: String) throws(DjangoDataError) {
        guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else { throw failure }
    }

    func columns(of table: String) throws(DjangoDataError) -> [DjangoColumn] {
        // The table-valued form takes its argument as a value.
        try rows("SELECT name, lower(type), pk FROM pragma_table_info($1)", [.text(table)]).compactMap { row in
            guard case .text(let name) = row[0], case .text(let type) = row[1], case .integer(let place) = row[2] else { return nil }
            return DjangoColumn(name: name, type: type, isPrimaryKey: place > 0)
        }
    }

    func rows(_ text: String, _ values: [DjangoValue]) throws(DjangoDataError) -> [[DjangoValue]] {
        let statement = try prepared(text)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { try bind(value, to: Int32(index + 1), of: statement) }
        let width = sqlite3_column_count(statement)
        var rows = [[DjangoValue]]()
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return rows }
            guard code == SQLITE_ROW else { throw failure }
            rows.append((0..<width).map { value(of: statement, $0) })
        }
    }

    func snapshot<Value>(_ body: () throws(DjangoDataError) -> Value) throws(DjangoDataError) -> Value {
        try execute("BEGIN")
        // A rollback that fails leaves nothing that a reader could lose.
        defer { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
        return try body()
    }

    func lowercased(_ expression: String) -> String { "lower(\(expression))" }

    private func prepared(_ text: String) throws(DjangoDataError) -> OpaquePointer {
        if let statement = statements[text] { return statement }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK, let statement else {
            throw failure
        }
        statements[text] = statement
        return statement
    }

    private func bind(_ value: DjangoValue, to index: Int32, of statement: OpaquePointer) throws(DjangoDataError) {
        let code =
            switch value {
            case .null, .other: sqlite3_bind_null(statement, index)
            case .integer(let number): sqlite3_bind_int64(statement, index, number)
            case .fraction(let number): sqlite3_bind_double(statement, index, number)
            case .bytes(let bytes): sqlite3_bind_blob64(statement, index, bytes, UInt64(bytes.count), martlet_sqlite_transient())
            case .badText(let bytes):
                bytes.withUnsafeBufferPointer { bytes in
                    bytes.withMemoryRebound(to: CChar.self) { characters in
                        sqlite3_bind_text64(
                            statement, index, characters.baseAddress, UInt64(characters.count), martlet_sqlite_transient(),
                            UInt8(SQLITE_UTF8))
                    }
                }
            case .text(var text):
                text.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) { characters in
                        // A null pointer would bind NULL, and the empty string may have one.
                        characters.baseAddress.map {
                            sqlite3_bind_text64(
                                statement, index, $0, UInt64(characters.count), martlet_sqlite_transient(), UInt8(SQLITE_UTF8))
                        } ?? sqlite3_bind_text64(statement, index, "", 0, martlet_sqlite_transient(), UInt8(SQLITE_UTF8))
                    }
                }
            }
        guard code == SQLITE_OK else { throw failure }
    }

    private func value(of statement: OpaquePointer, _ column: Int32) -> DjangoValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT:
            guard let bytes = sqlite3_column_text(statement, column) else { return .other("no memory") }
            let text = UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column)))
            return String(validating: text, as: UTF8.self).map(DjangoValue.text) ?? .badText(Array(text))
        case SQLITE_FLOAT: return .fraction(sqlite3_column_double(statement, column))
        default:
            let bytes = UnsafeRawBufferPointer(
                start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column)))
            return .bytes(Array(bytes))
        }
    }

    private var failure: DjangoDataError { Self.failure(handle, name) }

    private static func failure(_ handle: OpaquePointer, _ name: String) -> DjangoDataError {
        DjangoDataError("\(name) cannot be read: SQLite says \(String(cString: sqlite3_errmsg(handle))).")
    }

    private static func open(_ path: String, _ flags: Int32) throws(DjangoDataError) -> OpaquePointer {
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard let handle else { throw DjangoDataError("There is no memory for a database connection.") }
        guard code == SQLITE_OK else {
            defer { sqlite3_close_v2(handle) }
            throw failure(handle, path)
        }
        return handle
    }
}
