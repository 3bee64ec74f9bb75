// DumpTables: a dump sorted into tables of a temporary database. In a dump an account may stand before its groups and addresses, or
// name them by natural keys; sorted, it is read by primary key like any other source, in bounded memory.
//
// An element that cannot be read becomes a row of the table of users with `martlet_problem`, so that it is told in its turn.

import MartletEncoding

final class DumpTables {
    let database: SQLiteDatabase
    private(set) var notes: [String] = []
    private let tables: DjangoTables
    /// The columns of the table of users behind its key. A username may be the e-mail address.
    private let columns: [String]
    private var unreadableOthers = 0

    /// The column of the table of users that says why an element is no account.
    static let problemColumn = "martlet_problem"

    /// Reads a dump to its end. Throws when it is none.
    init(
        reading path: String, tables: DjangoTables, progress: (_ done: Int64, _ total: Int64) -> Void
    ) throws(DjangoDataError) {
        self.tables = tables
        columns =
            [tables.username] + (tables.email == tables.username ? [] : [tables.email])
            + ["password", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined"]
        database = try SQLiteDatabase(temporaryFor: path)
        try makeTables()
        let elements = try JSONElements(path)
        while let element = try elements.next() {
            try sort(element)
            progress(elements.offset, elements.size)
        }
        try resolveNaturalKeys()
        if unreadableOthers > 0 {
            notes.append("\(unreadableOthers) groups, addresses or tokens in the dump are not of their usual form and were left out.")
        }
    }

    // MARK: Tables

    private func makeTables() throws(DjangoDataError) {
        let columns = (columns + [Self.problemColumn]).map(quoted).joined(separator: ", ")
        // Columns without a type keep each value as what it is.
        try database.execute(
            """
            BEGIN;
            CREATE TABLE \(quoted(tables.users)) (id PRIMARY KEY NOT NULL, \(columns)) WITHOUT ROWID;
            CREATE TABLE \(quoted(tables.memberships)) (user_id, group_id);
            CREATE TABLE named_memberships (user_id, group_name);
            CREATE TABLE \(DjangoTables.groups) (id INTEGER PRIMARY KEY, name UNIQUE);
            CREATE TABLE \(DjangoTables.emailAddresses) (user_id, user_name, email, verified, "primary");
            CREATE TABLE \(DjangoTables.outstandingTokens) (id INTEGER PRIMARY KEY, jti, expires_at);
            CREATE TABLE \(DjangoTables.blacklistedTokens) (id INTEGER PRIMARY KEY, token_id);
            CREATE TABLE \(DjangoTables.opaqueTokens) (id INTEGER PRIMARY KEY)
            """)
    }

    /// `--natural-foreign` and `--natural-primary` name users and groups by what people call them.
    private func resolveNaturalKeys() throws(DjangoDataError) {
        let users = quoted(tables.users)
        let memberships = quoted(tables.memberships)
        try database.execute(
            """
            INSERT OR IGNORE INTO auth_group (name) SELECT DISTINCT group_name FROM named_memberships;
            INSERT INTO \(memberships) SELECT m.user_id, g.id FROM named_memberships m JOIN auth_group g ON g.name = m.group_name;
            CREATE INDEX memberships_by_user ON \(memberships) (user_id);
            """)
        if try database.number("SELECT count(*) FROM account_emailaddress WHERE user_name IS NOT NULL") > 0 {
            try database.execute(
                """
                CREATE INDEX users_by_name ON \(users) (\(quoted(tables.username)));
                UPDATE account_emailaddress SET user_id = (SELECT u.id FROM \(users) u WHERE u.\(quoted(tables.username)) = user_name)
                WHERE user_name IS NOT NULL;
                """)
        }
        try database.execute("CREATE INDEX addresses_by_user ON account_emailaddress (user_id); COMMIT")
        let strays = try database.number("SELECT count(*) FROM \(memberships) WHERE group_id NOT IN (SELECT id FROM auth_group)")
        if strays > 0 {
            notes.append("\(strays) memberships are in groups that the dump does not have (dumpdata auth.group …); they are left out.")
        }
    }

    // MARK: Elements

    private func sort(_ element: JSONElements.Element) throws(DjangoDataError) {
        let text: [UInt8]
        let number: Int
        switch element {
        case .text(let bytes, number: let place): (text, number) = (bytes, place)
        case .tooLong(number: let place): return try addProblem("element \(place)", "more than a megabyte")
        }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(parsing: text).root
        } catch {
            return try addProblem("element \(number)", "\(error)")
        }
        guard let model = root["model"]?.string?.asciiLowercase, let fields = root["fields"], fields.isObject else {
            return try addProblem("element \(number)", "no object of dumpdata's, with model and fields")
        }
        let isRead =
            switch model.split(separator: ".").joined(separator: "_") {
            case tables.users.asciiLowercase: try addUser(root["pk"], fields, number)
            case DjangoTables.groups: try addGroup(root["pk"], fields)
            case DjangoTables.emailAddresses: try addEmailAddress(fields)
            case DjangoTables.outstandingTokens:
                try add(DjangoTables.outstandingTokens, root["pk"], [fields["jti"], fields["expires_at"]])
            case DjangoTables.blacklistedTokens: try addBlacklistedToken(root["pk"], fields)
            case DjangoTables.opaqueTokens: try add(DjangoTables.opaqueTokens, nil, [])
            default: true
            }
        if !isRead { unreadableOthers += 1 }
    }

    private func addUser(_ key: JSONValue?, _ fields: JSONValue, _ number: Int) throws(DjangoDataError) -> Bool {
        var id = Self.value(key)
        // Without a key it is a natural one: loaddata would give the account any.
        if id == .null { id = Self.value(fields[tables.username]) }
        let name: String
        switch id {
        case .integer(let number): name = "\(number)"
        case .text(let text) where !text.isEmpty: name = text
        default:
            try addProblem("element \(number)", "no primary key and no username")
            return true
        }
        let groups = fields["groups"]?.elements ?? []
        let values = columns.map { Self.value(fields[$0]) }
        if let bad = zip(columns, values).first(where: { if case .other = $1 { true } else { false } }) {
            try addProblem(name, "\(bad.0): neither text nor a number", id: id)
            return true
        }
        _ = try database.rows(insertUser, [id] + values)
        guard database.changes == 1 else {
            try addProblem("element \(number)", "the primary key \(name) was there before")
            return true
        }
        for group in groups {
            let reference = Self.reference(group)
            if reference.name == .null {
                _ = try database.rows("INSERT INTO \(quoted(tables.memberships)) VALUES ($1, $2)", [id, reference.key])
            } else {
                _ = try database.rows("INSERT INTO named_memberships VALUES ($1, $2)", [id, reference.name])
            }
        }
        return true
    }

    private func addGroup(_ key: JSONValue?, _ fields: JSONValue) throws(DjangoDataError) -> Bool {
        guard let name = fields["name"]?.string else { return false }
        _ = try database.rows("INSERT OR IGNORE INTO auth_group (id, name) VALUES ($1, $2)", [Self.integer(key), .text(name)])
        return database.changes == 1
    }

    private func addEmailAddress(_ fields: JSONValue) throws(DjangoDataError) -> Bool {
        guard let user = fields["user"], let email = fields["email"]?.string else { return false }
        let reference = Self.reference(user)
        _ = try database.rows(
            "INSERT INTO account_emailaddress (user_id, user_name, email, verified, \"primary\") VALUES ($1, $2, $3, $4, $5)",
            [reference.key, reference.name, .text(email), Self.value(fields["verified"]), Self.value(fields["primary"])])
        return true
    }

    /// A row of a table whose key is a number and whose other columns stand in their order.
    private func add(_ table: String, _ key: JSONValue?, _ fields: [JSONValue?]) throws(DjangoDataError) -> Bool {
        let places = (1...fields.count + 1).map { "$\($0)" }.joined(separator: ", ")
        _ = try database.rows("INSERT OR IGNORE INTO \(table) VALUES (\(places))", [Self.integer(key)] + fields.map(Self.value))
        return database.changes == 1
    }

    /// One whose key was there before is still one that should be refused: it is told like one that names no token.
    private func addBlacklistedToken(_ key: JSONValue?, _ fields: JSONValue) throws(DjangoDataError) -> Bool {
        if try add(DjangoTables.blacklistedTokens, key, [fields["token"]]) { return true }
        return try add(DjangoTables.blacklistedTokens, nil, [nil])
    }

    private func addProblem(_ name: String, _ problem: String, id: DjangoValue? = nil) throws(DjangoDataError) {
        _ = try database.rows(
            "INSERT OR IGNORE INTO \(quoted(tables.users)) (id, \(Self.problemColumn)) VALUES ($1, $2)",
            [id ?? .text(name), .text(problem)])
    }

    // MARK: Values

    /// A key, or what stands in its place in a natural key: the first text of a list.
    private static func reference(_ value: JSONValue) -> (key: DjangoValue, name: DjangoValue) {
        if let natural = value.elements { return (.null, natural.first?.string.map(DjangoValue.text) ?? .null) }
        return (Self.value(value), .null)
    }

    private static func integer(_ value: JSONValue?) -> DjangoValue { value?.integer.map(DjangoValue.integer) ?? .null }

    private static func value(_ value: JSONValue?) -> DjangoValue {
        guard let value, !value.isNull else { return .null }
        if let text = value.string { return .text(text) }
        if let number = value.integer { return .integer(number) }
        if let flag = value.bool { return .integer(flag ? 1 : 0) }
        return .other("neither text nor a number")
    }

    private var insertUser: String {
        let places = (1...columns.count + 1).map { "$\($0)" }.joined(separator: ", ")
        return "INSERT OR IGNORE INTO \(quoted(tables.users)) VALUES (\(places), NULL)"
    }
}

extension String {
    /// With ASCII letters in lower case: a model's name.
    fileprivate var asciiLowercase: String {
        String(decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
