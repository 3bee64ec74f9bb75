// DjangoSource: a site's accounts, read in batches by primary key, so that memory is bounded and reading can go on where it ended.
// What is in which table is the same wherever it is read from: a dump is sorted into tables first (``DumpTables``).

import MartletEncoding

/// An open source.
///
/// @unchecked: used by one thread at a time, the one that opened it or the one that it was handed to.
package final class DjangoSource: @unchecked Sendable {
    private let database: any DjangoDatabase
    private let tables: DjangoTables
    private let users: UserColumns
    /// The column of the table of memberships that names the user; nil where there is no such table.
    private let membershipUser: String?
    private let hasEmailAddresses: Bool
    private let hasBlacklist: Bool
    private let hasOpaqueTokens: Bool
    /// What a person should know of how it was read, in sentences.
    package let notes: [String]

    /// Opens a source and looks at its tables; a dump is read to its end, and `progress` hears how many of its bytes are done.
    /// Throws when it cannot be read or has no such table of users.
    package convenience init(
        _ location: DjangoLocation, tables: DjangoTables, progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws(DjangoDataError) {
        switch location {
        case .sqlite(let path): try self.init(try SQLiteDatabase(reading: path), tables, notes: [])
        case .postgres(let uri): try self.init(try PostgresDatabase(uri: uri), tables, notes: [])
        case .dump(let path):
            let dump = try DumpTables(reading: path, tables: tables, progress: progress)
            try self.init(dump.database, tables, notes: dump.notes)
        }
    }

    private init(_ database: any DjangoDatabase, _ tables: DjangoTables, notes: [String]) throws(DjangoDataError) {
        self.database = database
        self.tables = tables
        self.notes = notes
        let users = try UserColumns(database, tables)
        self.users = users
        let memberships = try database.columns(of: tables.memberships).map(\.name).filter { $0 != "id" && $0 != "group_id" }
        let hasGroups = try !database.columns(of: DjangoTables.groups).isEmpty
        membershipUser = hasGroups && memberships.count == 1 ? memberships[0] : nil
        // In a database with several tables of users, only one of them is allauth's.
        let addressUser = try database.columns(of: DjangoTables.emailAddresses).first { $0.name == "user_id" }
        hasEmailAddresses = addressUser.map { ($0.type == Self.uuid) == (users.keyType == Self.uuid) } ?? false
        hasBlacklist = try !database.columns(of: DjangoTables.blacklistedTokens).isEmpty
        hasOpaqueTokens = try !database.columns(of: DjangoTables.opaqueTokens).isEmpty
    }

    // MARK: Accounts

    /// Rows of the table of users behind a position.
    package func countUsers(after position: DjangoPosition? = nil) throws(DjangoDataError) -> Int64 {
        let (condition, values) = users.behind(position)
        let count = try database.number("SELECT count(*) FROM \(users.table)\(condition)", values)
        if case .keyless(let done)? = position?.place { return max(0, count - done) }
        return count
    }

    /// The next rows behind a position, at most `limit`; nil at the end.
    package func users(after position: DjangoPosition?, limit: Int) throws(DjangoDataError) -> DjangoBatch? {
        try database.snapshot { () throws(DjangoDataError) -> DjangoBatch? in
            guard let (rows, next) = try page(users.selection, of: users.table, by: users.key, after: position, limit: limit) else {
                return nil
            }
            guard case .key(let last) = next.place else {
                return DjangoBatch(rows: rows.map { users.row($0, groups: [], emailAddresses: []) }, position: next)
            }
            let range = DjangoKeyRange(after: position?.key, through: last)
            let groups = try groups(of: range)
            let addresses = try emailAddresses(of: range)
            return DjangoBatch(
                rows: rows.map { users.row($0, groups: groups[$0[0]] ?? [], emailAddresses: addresses[$0[0]] ?? []) },
                position: next)
        }
    }

    /// Accounts whose password looks like a bare or salted digest of MD5 or SHA-1.
    package func countWeakPasswords(after position: DjangoPosition? = nil) throws(DjangoDataError) -> Int64 {
        let (condition, values) = users.behind(position)
        let password = quoted("password")
        return try database.number(
            """
            SELECT count(*) FROM \(users.table)\(condition.isEmpty ? " WHERE" : condition + " AND") (substr(\(password), 1, 4) = 'md5$'
                OR substr(\(password), 1, 5) = 'sha1$' OR length(\(password)) = 32 AND substr(\(password), 1, 1) <> '!')
            """, values)
    }

    /// Usernames that differ in the case of ASCII letters alone.
    package func usernamesInSeveralCases() throws(DjangoDataError) -> DjangoRepeats { try repeats(tables.username) }

    /// E-mail addresses that several accounts have.
    package func repeatedEmails() throws(DjangoDataError) -> DjangoRepeats? {
        users.hasEmail ? try repeats(tables.email) : nil
    }

    /// The groups, and how many members each has.
    package func groups() throws(DjangoDataError) -> [(name: String, members: Int64)] {
        guard membershipUser != nil else { return [] }
        let rows = try database.rows(
            """
            SELECT g.name, count(*) FROM \(quoted(DjangoTables.groups)) g JOIN \(quoted(tables.memberships)) m ON m.group_id = g.id
            GROUP BY g.name ORDER BY g.name
            """, [])
        return rows.compactMap { row in
            guard case .text(let name) = row[0], case .integer(let members) = row[1] else { return nil }
            return (name, members)
        }
    }

    // MARK: Tokens

    /// Rows of simplejwt's blacklist.
    package func countBlacklistedTokens() throws(DjangoDataError) -> Int64 {
        hasBlacklist ? try database.number("SELECT count(*) FROM \(quoted(DjangoTables.blacklistedTokens))") : 0
    }

    /// The next of simplejwt's blacklisted tokens behind a position; nil at the end. Expired ones are among them.
    package func blacklistedTokens(after position: DjangoPosition?, limit: Int) throws(DjangoDataError) -> DjangoTokenBatch? {
        guard hasBlacklist else { return nil }
        let tables =
            "\(quoted(DjangoTables.blacklistedTokens)) b LEFT JOIN \(quoted(DjangoTables.outstandingTokens)) o ON o.id = b.token_id"
        let page = try page("b.id, b.token_id, o.id, o.jti, o.expires_at", of: tables, by: "b.id", after: position, limit: limit)
        guard let (rows, next) = page else { return nil }
        var batch = DjangoTokenBatch(tokens: [], unreadable: [], position: next)
        for row in rows {
            do throws(DjangoDataError) {
                batch.tokens.append(try Self.token(row))
            } catch {
                batch.unreadable.append(DjangoToken.Unreadable(key: UserColumns.name(of: row[0]), why: error.description))
            }
        }
        return batch
    }

    private static func token(_ row: [DjangoValue]) throws(DjangoDataError) -> DjangoToken {
        guard row[2] != .null else { throw DjangoDataError("the outstanding token \(UserColumns.name(of: row[1])) is not there") }
        guard case .text(let jti) = row[3] else { throw DjangoDataError("jti: \(row[3].kind)") }
        guard !jti.isEmpty else { throw DjangoDataError("jti: empty") }
        guard case .text(let time) = row[4], let expiresAt = DjangoTime.parse(time) else {
            throw DjangoDataError("expires_at: not a date and time")
        }
        return DjangoToken(jti: jti, expiresAt: expiresAt)
    }

    /// The REST framework's opaque tokens, which nothing but Django can check.
    package func countOpaqueTokens() throws(DjangoDataError) -> Int64 {
        hasOpaqueTokens ? try database.number("SELECT count(*) FROM \(quoted(DjangoTables.opaqueTokens))") : 0
    }

    // MARK: Of a batch

    /// Rows behind a position by a key, which is selected first, and where the next ones begin; those without a key come last.
    private func page(
        _ selection: String, of table: String, by key: String, after position: DjangoPosition?, limit: Int
    ) throws(DjangoDataError) -> (rows: [[DjangoValue]], next: DjangoPosition)? {
        var done: Int64 = 0
        if case .keyless(let count)? = position?.place {
            done = count
        } else {
            let (condition, values) = position?.key.map { ("\(key) > $1", [$0]) } ?? ("\(key) IS NOT NULL", [])
            let rows = try database.rows(
                "SELECT \(selection) FROM \(table) WHERE \(condition) ORDER BY \(key) LIMIT \(limit)", values)
            if let last = rows.last?.first {
                // Nothing would be behind it, and the rows there would never be read.
                if case .other(let what) = last {
                    throw DjangoDataError("A primary key in \(table) is \(what): nothing is found behind it.")
                }
                return (rows, DjangoPosition(.key(last)))
            }
        }
        let rows = try database.rows(
            "SELECT \(selection) FROM \(table) WHERE \(key) IS NULL LIMIT \(limit) OFFSET \(done)", [])
        return rows.isEmpty ? nil : (rows, DjangoPosition(.keyless(done + Int64(rows.count))))
    }

    private func groups(of range: DjangoKeyRange) throws(DjangoDataError) -> [DjangoValue: [String]] {
        guard let membershipUser else { return [:] }
        let rows = try database.rows(
            """
            SELECT m.\(quoted(membershipUser)), g.name FROM \(quoted(tables.memberships)) m
            JOIN \(quoted(DjangoTables.groups)) g ON g.id = m.group_id\(range.condition("m.\(quoted(membershipUser))"))
            """, range.values)
        return rows.reduce(into: [:]) { groups, row in
            if case .text(let name) = row[1] { groups[row[0], default: []].append(name) }
        }
    }

    private func emailAddresses(of range: DjangoKeyRange) throws(DjangoDataError) -> [DjangoValue: [DjangoEmailAddress]] {
        guard hasEmailAddresses else { return [:] }
        let rows = try database.rows(
            """
            SELECT user_id, email, verified, "primary" FROM \(quoted(DjangoTables.emailAddresses))\(range.condition("user_id"))
            """, range.values)
        return rows.reduce(into: [:]) { addresses, row in
            guard case .text(let email) = row[1] else { return }
            addresses[row[0], default: []].append(
                DjangoEmailAddress(email: email, isVerified: row[2] == .integer(1), isPrimary: row[3] == .integer(1)))
        }
    }

    private func repeats(_ column: String) throws(DjangoDataError) -> DjangoRepeats {
        let folded = database.lowercased(quoted(column))
        let groups = "SELECT \(folded) AS value, count(*) AS accounts FROM \(users.table) WHERE \(quoted(column)) <> '' GROUP BY 1"
        let totals = try database.rows("SELECT count(*), sum(accounts) FROM (\(groups) HAVING count(*) > 1) AS repeated", [])
        let examples = try database.rows("\(groups) HAVING count(*) > 1 ORDER BY 1 LIMIT \(Self.examples)", [])
        var accounts: Int64 = 0
        // PostgreSQL's sum of bigints is numeric.
        switch totals.first?[1] {
        case .integer(let sum)?: accounts = sum
        case .text(let sum)?: accounts = Int64(sum) ?? 0
        default: break
        }
        guard case .integer(let values)? = totals.first?.first else { return DjangoRepeats(values: 0, accounts: 0, examples: []) }
        return DjangoRepeats(
            values: values, accounts: accounts,
            examples: examples.compactMap { row in if case .text(let text) = row[0] { text } else { nil } })
    }

    private static let examples = 10
    /// PostgreSQL's type, which it compares with no other.
    private static let uuid = "uuid"
}
