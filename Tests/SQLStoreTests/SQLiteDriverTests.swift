// The driver: values go in and come out as they are, whatever the order of the placeholders.

import Store
import Testing

@testable import SQLStore

@Suite("the SQLite driver")
struct SQLiteDriverTests {
    let connection: SQLiteConnection

    init() throws { connection = try SQLiteConnection(path: ":memory:", role: .writer) }

    @Test("$2 before $1 binds each value to its own name")
    func placeholdersByName() throws {
        let sql: SQL = "SELECT $2, $1, $2"
        let row = try connection.first(sql, [.text("one"), .text("two")]) { row throws(StoreError) in
            [row.text(0), row.text(1), row.text(2)]
        }
        #expect(row == ["two", "one", "two"])
    }

    @Test("too few values are refused before anything runs")
    func missingValues() {
        let sql: SQL = "SELECT $1, $2"
        #expect(throws: StoreError.self) { try connection.run(sql, [.null]) }
    }

    @Test("text and bytes come back whole", arguments: ["", "a", "a\u{0}b", "\u{1F99C}", String(repeating: "x", count: 100_000)])
    func values(text: String) throws {
        let sql: SQL = "SELECT $1, $2, typeof($1), typeof($2)"
        let bytes = Array(text.utf8)
        try connection.run("CREATE TABLE t (a)")
        let row = try connection.first(sql, [.text(text), .blob(bytes)]) { row throws(StoreError) in
            (row.text(0), row.blob(1), row.text(2), row.text(3))
        }
        #expect(row?.0 == text && row?.1 == bytes && row?.2 == "text" && row?.3 == "blob")
    }

    @Test("null is nil, and the ends of the range of whole numbers are kept")
    func numbersAndNull() throws {
        let sql: SQL = "SELECT $1, $2, $3"
        let row = try connection.first(sql, [.null, .integer(.min), .integer(.max)]) { row throws(StoreError) in
            (row.optionalInteger(0), row.optionalText(0), row.integer(1), row.integer(2))
        }
        #expect(row?.0 == nil && row?.1 == nil && row?.2 == .min && row?.3 == .max)
    }

    @Test("a statement that failed can be run again")
    func reuseAfterFailure() throws {
        try connection.execute(script: "CREATE TABLE t (a INTEGER PRIMARY KEY)")
        let insert: SQL = "INSERT INTO t (a) VALUES ($1)"
        try connection.run(insert, [.integer(1)])
        #expect(throws: StoreError.self) { try connection.run(insert, [.integer(1)]) }
        try connection.run(insert, [.integer(2)])
        #expect(connection.changes == 1)
    }
}
