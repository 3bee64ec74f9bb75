// UserColumns: the columns of a site's table of users as they are, and how a row of them becomes a ``DjangoUser``. A custom user
// model may lack most of them; what is not there has the value that Django gives a new account.

import MartletEncoding

struct UserColumns {
    /// Quoted, like ``key`` and ``selection``.
    let table: String
    let key: String
    /// The columns to select: the key, then one for each ``Field`` that is there.
    let selection: String
    let hasEmail: Bool
    /// As the key's column is declared, in lower case.
    let keyType: String
    /// The column of each field in a selected row.
    private let places: [Field: Int]

    /// What is read of a user besides the key.
    private enum Field: CaseIterable {
        case username, email, password, firstName, lastName, isActive, isStaff, isSuperuser, lastLogin, dateJoined, problem

        func column(_ tables: DjangoTables) -> String {
            switch self {
            case .username: tables.username
            case .email: tables.email
            case .password: "password"
            case .firstName: "first_name"
            case .lastName: "last_name"
            case .isActive: "is_active"
            case .isStaff: "is_staff"
            case .isSuperuser: "is_superuser"
            case .lastLogin: "last_login"
            case .dateJoined: "date_joined"
            case .problem: DumpTables.problemColumn
            }
        }
    }

    /// Finds the columns. Throws when there is no such table, or no username, password or single primary key in it.
    init(_ database: any DjangoDatabase, _ tables: DjangoTables) throws(DjangoDataError) {
        let columns = try database.columns(of: tables.users)
        guard !columns.isEmpty else {
            throw DjangoDataError("There is no table \(tables.users); --user-table names the table of a custom user model.")
        }
        let keys = columns.filter(\.isPrimaryKey)
        guard keys.count == 1 else { throw DjangoDataError("The table \(tables.users) has no primary key of one column.") }
        let names = Set(columns.map(\.name))
        guard names.contains(tables.username) else {
            throw DjangoDataError(
                "The table \(tables.users) has no column \(tables.username); --username-field names the one that people log in with.")
        }
        guard names.contains("password") else { throw DjangoDataError("The table \(tables.users) has no column password.") }
        var selected = [quoted(keys[0].name)]
        var places: [Field: Int] = [:]
        for field in Field.allCases where names.contains(field.column(tables)) {
            places[field] = selected.count
            selected.append(quoted(field.column(tables)))
        }
        self.places = places
        table = quoted(tables.users)
        key = selected[0]
        selection = selected.joined(separator: ", ")
        hasEmail = places[.email] != nil
        keyType = keys[0].type
    }

    /// The condition for rows behind a position, and its values. All rows without a key are behind any place among them.
    func behind(_ position: DjangoPosition?) -> (String, [DjangoValue]) {
        switch position?.place {
        case nil: ("", [])
        case .key(let last)?: (" WHERE (\(key) > $1 OR \(key) IS NULL)", [last])
        case .keyless?: (" WHERE \(key) IS NULL", [])
        }
    }

    /// A selected row as an account, or what is wrong with it.
    func row(_ row: [DjangoValue], groups: [String], emailAddresses: [DjangoEmailAddress]) -> DjangoRow {
        let key = Self.name(of: row[0], keyType: keyType)
        switch row[0] {
        case .integer, .text: break
        default: return .unreadable(key: key, why: "the primary key is \(row[0].kind)")
        }
        func value(_ field: Field) -> DjangoValue { places[field].map { row[$0] } ?? .null }
        if case .text(let problem) = value(.problem) { return .unreadable(key: key, why: problem) }
        do {
            return .user(
                DjangoUser(
                    key: key, username: try text("username", value(.username)), email: try text("e-mail", value(.email)),
                    password: try text("password", value(.password)), firstName: try text("first_name", value(.firstName)),
                    lastName: try text("last_name", value(.lastName)), isActive: try flag("is_active", value(.isActive), default: true),
                    isStaff: try flag("is_staff", value(.isStaff), default: false),
                    isSuperuser: try flag("is_superuser", value(.isSuperuser), default: false),
                    lastLogin: try time("last_login", value(.lastLogin)), dateJoined: try time("date_joined", value(.dateJoined)),
                    groups: groups, emailAddresses: emailAddresses))
        } catch {
            return .unreadable(key: key, why: error.description)
        }
    }

    /// `str(pk)`, and for what is no key of Django's, SQLite's literal.
    static func name(of key: DjangoValue, keyType: String = "") -> String {
        switch key {
        case .integer(let number): return "\(number)"
        case .text(let text):
            // As Django keeps UUIDs in SQLite: 32 digits without dashes.
            guard keyType == "char(32)", text.utf8.count == 32, text.utf8.allSatisfy({ Hex.value(of: $0) != nil }) else { return text }
            var digits = Array(text.utf8)
            for place in [20, 16, 12, 8] { digits.insert(UInt8(ascii: "-"), at: place) }
            return String(decoding: digits, as: UTF8.self)
        case .fraction(let number): return "\(number)"
        case .bytes(let bytes), .badText(let bytes):
            return "x'\(Hex.encode(Array(bytes.prefix(longestKey))))\(bytes.count > longestKey ? "…" : "")'"
        case .null, .other: return key.kind
        }
    }

    private func text(_ name: String, _ value: DjangoValue) throws(DjangoDataError) -> String {
        switch value {
        case .text(let text): return text
        case .null: return ""
        // SQLite keeps what it is given; Django would read it as text.
        case .integer(let number): return "\(number)"
        default: throw DjangoDataError("\(name): \(value.kind)")
        }
    }

    private func flag(_ name: String, _ value: DjangoValue, default fallback: Bool) throws(DjangoDataError) -> Bool {
        switch value {
        case .integer(0): return false
        case .integer(1): return true
        case .null: return fallback
        default: throw DjangoDataError("\(name): neither true nor false")
        }
    }

    private func time(_ name: String, _ value: DjangoValue) throws(DjangoDataError) -> UnixTime? {
        switch value {
        case .null: return nil
        case .text(let text):
            guard let time = DjangoTime.parse(text) else { throw DjangoDataError("\(name): not a date and time") }
            return time
        default: throw DjangoDataError("\(name): not a date and time")
        }
    }

    /// Bytes of a key that is no text which are told.
    private static let longestKey = 40
}

/// Primary keys behind one and up to another; nil where that end is open.
struct DjangoKeyRange {
    private let after: DjangoValue?
    private let through: DjangoValue?

    init(after: DjangoValue?, through: DjangoValue?) {
        self.after = after
        self.through = through
    }

    /// A WHERE clause about a quoted column; empty when both ends are open.
    func condition(_ column: String) -> String {
        switch (after != nil, through != nil) {
        case (false, false): ""
        case (true, false): " WHERE \(column) > $1"
        case (false, true): " WHERE \(column) <= $1"
        case (true, true): " WHERE \(column) > $1 AND \(column) <= $2"
        }
    }

    var values: [DjangoValue] { [after, through].compactMap { $0 } }
}
