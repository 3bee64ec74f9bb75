// PostgresDatabase: a PostgreSQL database through libpq, in one REPEATABLE READ READ ONLY transaction: all that is read is one state
// of it, however long it takes, and nothing is locked.

import CMartletPQ

final class PostgresDatabase: DjangoDatabase {
    private let connection: OpaquePointer

    /// Connects. libpq takes what the URI leaves open from its environment variables and its password file.
    init(uri: String) throws(DjangoDataError) {
        if let failure = martlet_pq_load() {
            throw DjangoDataError("PostgreSQL cannot be read: \(String(cString: failure)).")
        }
        // The first is the URI; those after it win over what it says.
        let parameters = [("dbname", uri), ("client_encoding", "UTF8"), ("fallback_application_name", "martlet import")]
        let connection = Self.withCStrings(parameters.map(\.0)) { keywords in
            Self.withCStrings(parameters.map(\.1)) { values in martlet_pq_connect(keywords, values, 1) }
        }
        guard let connection else { throw DjangoDataError("There is no memory for a database connection.") }
        self.connection = connection
        guard martlet_pq_status(connection) == Int32(MARTLET_PQ_CONNECTED) else {
            throw DjangoDataError("The PostgreSQL database cannot be reached: \(words)")
        }
        for statement in [
            "SET TIME ZONE 'UTC'", "SET DateStyle = 'ISO'", "SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0",
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        ] { _ = try rows(statement, []) }
    }

    deinit { martlet_pq_finish(connection) }

    func columns(of table: String) throws(DjangoDataError) -> [DjangoColumn] {
        try rows(Self.catalog, [.text(quoted(table))]).compactMap { row in
            guard case .text(let name) = row[0], case .text(let type) = row[1], case .integer(let isKey) = row[2] else { return nil }
            return DjangoColumn(name: name, type: type, isPrimaryKey: isKey != 0)
        }
    }

    func rows(_ statement: String, _ values: [DjangoValue]) throws(DjangoDataError) -> [[DjangoValue]] {
        let texts = values.map { value -> String? in
            switch value {
            case .null, .other, .fraction, .bytes, .badText: nil
            case .integer(let number): "\(number)"
            case .text(let text): text
            }
        }
        let result = Self.withCStrings(texts) { martlet_pq_run(connection, statement, Int32(texts.count), $0) }
        defer { martlet_pq_clear(result) }
        let status = martlet_pq_result_status(result)
        guard status == Int32(MARTLET_PQ_DONE) || status == Int32(MARTLET_PQ_ROWS) else {
            throw DjangoDataError("The PostgreSQL database cannot be read: \(words)")
        }
        let columns = (0..<martlet_pq_columns(result)).map { (index: $0, type: martlet_pq_type(result, $0)) }
        return (0..<martlet_pq_rows(result)).map { row in
            columns.map { Self.value(of: result, row, $0.index, type: $0.type) }
        }
    }

    /// The whole connection is one.
    func snapshot<Value>(_ body: () throws(DjangoDataError) -> Value) throws(DjangoDataError) -> Value { try body() }

    /// Under the C collation only ASCII has cases.
    func lowercased(_ expression: String) -> String { "lower(\(expression)::text COLLATE \"C\")" }

    private var words: String {
        let text = String(cString: martlet_pq_error(connection)).split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.isEmpty ? "it gave no reason." : text
    }

    private static func value(of result: OpaquePointer?, _ row: Int32, _ column: Int32, type: UInt32) -> DjangoValue {
        guard martlet_pq_is_null(result, row, column) == 0, let bytes = martlet_pq_value(result, row, column) else { return .null }
        let raw = UnsafeRawBufferPointer(start: bytes, count: Int(martlet_pq_length(result, row, column)))
        // The encoding of a database may be SQL_ASCII, which is none.
        guard let text = String(validating: raw, as: UTF8.self) else { return .other("not UTF-8") }
        switch type {
        case boolType: return .integer(text == "t" ? 1 : 0)
        case int8Type, int2Type, int4Type: return Int64(text).map(DjangoValue.integer) ?? .other("no number")
        default: return .text(text)
        }
    }

    /// A list of C strings that ends with a null, each nil a null within it.
    private static func withCStrings<Result>(
        _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let copies = texts.map { text in
            text.map { text -> UnsafeMutableBufferPointer<CChar> in
                let bytes = text.utf8CString
                let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
                _ = copy.initialize(from: bytes)
                return copy
            }
        }
        defer { for copy in copies { copy?.deallocate() } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { $0?.baseAddress.map { UnsafePointer($0) } } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }

    private static let catalog = """
        SELECT a.attname::text, lower(format_type(a.atttypid, a.atttypmod)), coalesce((
            SELECT a.attnum = ANY (i.indkey) FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary), false)
        FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """
    // Object ids of types are fixed (pg_type.dat).
    private static let boolType: UInt32 = 16
    private static let int8Type: UInt32 = 20
    private static let int2Type: UInt32 = 21
    private static let int4Type: UInt32 = 23
}
