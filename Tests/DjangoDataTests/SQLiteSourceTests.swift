// Databases in SQLite: the usual tables, those of custom user models, and rows that are not what they should be.

import DjangoData
import MartletEncoding
import Testing

@Suite("SQLite sources")
struct SQLiteSourceTests {
    let folder: Folder
    let usual: DjangoTables

    init() throws {
        folder = try Folder()
        usual = try DjangoTables()
    }

    private func source(_ script: String, _ tables: DjangoTables? = nil) throws -> DjangoSource {
        try DjangoSource(try folder.database(script), tables: tables ?? usual)
    }

    @Test("an account is read with everything that it has")
    func account() throws {
        let source = try source(
            djangoTables + """
                INSERT INTO auth_user VALUES (7, 'pbkdf2_sha256$1$s$h', '2026-02-03 04:05:06.700000', 1, 'José', 'Gray', 'jo@example.com', 1,
                    0, '2026-01-02 03:04:05.678901', 'Jo');
                INSERT INTO auth_group VALUES (1, 'Editors'), (2, 'équipe / été');
                INSERT INTO auth_user_groups VALUES (1, 7, 2), (2, 7, 1), (3, 8, 1);
                CREATE TABLE account_emailaddress (id integer PRIMARY KEY, email varchar(254), verified bool, "primary" bool, user_id integer);
                INSERT INTO account_emailaddress VALUES (1, 'jo@example.com', 1, 1, 7), (2, 'other@example.com', 0, 0, 7);
                """)
        #expect(
            try source.all() == [
                .user(
                    DjangoUser(
                        key: "7", username: "José", email: "jo@example.com", password: "pbkdf2_sha256$1$s$h", firstName: "Jo",
                        lastName: "Gray", isActive: false, isStaff: true, isSuperuser: true,
                        lastLogin: DjangoTime.parse("2026-02-03 04:05:06.7"), dateJoined: DjangoTime.parse("2026-01-02 03:04:05.678"),
                        groups: ["équipe / été", "Editors"],
                        emailAddresses: [
                            DjangoEmailAddress(email: "jo@example.com", isVerified: true, isPrimary: true),
                            DjangoEmailAddress(email: "other@example.com", isVerified: false, isPrimary: false),
                        ]))
            ])
    }

    @Test("batches follow the primary key and meet no gap, whatever their size", arguments: 1...5)
    func batches(limit: Int) throws {
        let ids = [1, 2, 5, 40, 41]
        let source = try source(
            djangoTables + ids.map { user($0, "'u\($0)'") }.joined() + "INSERT INTO auth_group VALUES (1, 'g');"
                + ids.map { "INSERT INTO auth_user_groups (user_id, group_id) VALUES (\($0), 1);" }.joined())
        let accounts = try source.accounts(by: limit)
        #expect(accounts.map(\.key) == ids.map(String.init))
        #expect(accounts.allSatisfy { $0.groups == ["g"] })
        #expect(try source.countUsers() == 5)
        #expect(try source.countUsers(after: DjangoPosition(text: "#5")) == 2)
        #expect(try source.all(by: limit, after: DjangoPosition(text: "#5")).count == 2)
    }

    @Test("a row that cannot be an account is told with its key, and the others are read")
    func unreadable() throws {
        let source = try source(
            djangoTables.split(separator: " NOT NULL").joined() + user(1, "'good'") + user(2, "CAST(x'ff41' AS TEXT)") + user(3, "x'00'")
                + user(4, "'date'", joined: "yesterday") + user(5, "'flag'", active: "7") + user(6, "NULL") + user(7, "'also good'"))
        #expect(
            try source.problems() == [
                "2": "username: not UTF-8", "3": "username: bytes", "4": "date_joined: not a date and time",
                "5": "is_active: neither true nor false",
            ])
        // No username is the importer's to judge.
        #expect(try source.accounts().map(\.username) == ["good", "", "also good"])
    }

    @Test("a custom user model may have a key of UUIDs, other names and fewer columns")
    func custom() throws {
        let source = try source(
            """
            CREATE TABLE accounts_person (password varchar(128), uuid char(32) NOT NULL PRIMARY KEY, mail varchar(254), is_active bool);
            CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150));
            CREATE TABLE accounts_person_groups (id integer PRIMARY KEY, person_id char(32), group_id integer);
            INSERT INTO accounts_person VALUES ('p', '0f8fad5bd9cb469fa16570867728950e', 'a@example.com', 1),
                ('q', '7c9e6679742540de944be07fc1f90ae7', 'b@example.com', 0);
            INSERT INTO auth_group VALUES (3, 'g');
            INSERT INTO accounts_person_groups VALUES (1, '7c9e6679742540de944be07fc1f90ae7', 3);
            """, try DjangoTables(users: "accounts_person", username: "mail", email: "mail"))
        let accounts = try source.accounts(by: 1)
        #expect(accounts.map(\.key) == ["0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"])
        #expect(accounts.map(\.username) == ["a@example.com", "b@example.com"])
        #expect(accounts.map(\.email) == accounts.map(\.username))
        #expect(accounts.map(\.isActive) == [true, false])
        #expect(accounts.map(\.groups) == [[], ["g"]])
        #expect(accounts.allSatisfy { !$0.isStaff && !$0.isSuperuser && $0.dateJoined == nil && $0.firstName.isEmpty })
    }

    @Test("rows whose primary key is none are told, and the rows behind them are read", arguments: 1...4)
    func keys(limit: Int) throws {
        let source = try source(
            """
            CREATE TABLE auth_user (id PRIMARY KEY, username text, password text);
            INSERT INTO auth_user VALUES (NULL, 'n1', '!'), (NULL, 'n2', '!'), (NULL, 'n3', '!'), (-1, 'a', '!'), (1.5, 'f', '!'),
                (2, 'b', '!'), ('k', 'c', '!'), (CAST(x'6bff' AS TEXT), 'u', '!'), (CAST(x'6bffff' AS TEXT), 'u', '!'), ('z', 'd', '!'),
                (x'', 'x', '!'), (x'01ff', 'x', '!'), (x'02', 'x', '!');
            """)
        let rows = try source.all(by: limit)
        #expect(rows.count == 13)
        #expect(rows.compactMap { row in if case .user(let user) = row { user.key } else { nil } }.sorted() == ["-1", "2", "k", "z"])
        let problems = rows.compactMap { row in if case .unreadable(let key, let why) = row { "\(key): \(why)" } else { nil } }
        #expect(
            problems.sorted() == [
                "1.5: the primary key is a fraction", "null: the primary key is null", "null: the primary key is null",
                "null: the primary key is null", "x'': the primary key is bytes", "x'01ff': the primary key is bytes",
                "x'02': the primary key is bytes", "x'6bff': the primary key is not UTF-8", "x'6bffff': the primary key is not UTF-8",
            ])
        #expect(try source.countUsers() == 13 && source.countUsers(after: DjangoPosition(text: "#2")) == 10)
        #expect(try source.countUsers(after: DjangoPosition(text: "?2")) == 1)
    }

    @Test("without the tables of other apps there is nothing of them")
    func absent() throws {
        let source = try source(djangoTables + user(1, "'a'"))
        #expect(try source.blacklistedTokens(after: nil, limit: 10) == nil)
        #expect(try source.countBlacklistedTokens() == 0)
        #expect(try source.countOpaqueTokens() == 0)
        #expect(try source.groups().isEmpty)
    }

    @Test("blacklisted tokens are read with their ends, in batches")
    func tokens() throws {
        let source = try source(
            djangoTables + """
                CREATE TABLE token_blacklist_outstandingtoken (id integer PRIMARY KEY, token text, created_at datetime, expires_at datetime,
                    user_id integer, jti varchar(255));
                CREATE TABLE token_blacklist_blacklistedtoken (id integer PRIMARY KEY, blacklisted_at datetime, token_id bigint);
                CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created datetime, user_id integer);
                INSERT INTO token_blacklist_outstandingtoken VALUES (1, 't', NULL, '2026-01-01 00:00:00', 1, 'one'),
                    (2, 't', NULL, '2026-01-02 00:00:00', 1, 'two'), (3, 't', NULL, 'never', 1, 'three'),
                    (4, 't', NULL, '2026-01-04 00:00:00', NULL, 'four');
                INSERT INTO token_blacklist_blacklistedtoken VALUES (10, '', 1), (11, '', 3), (12, '', 4);
                INSERT INTO authtoken_token VALUES ('k', '', 1);
                """)
        let first = try #require(try source.blacklistedTokens(after: nil, limit: 2))
        #expect(
            first.tokens.map(\.jti) == ["one"]
                && first.unreadable == [DjangoToken.Unreadable(key: "11", why: "expires_at: not a date and time")])
        let second = try #require(try source.blacklistedTokens(after: first.position, limit: 2))
        #expect(second.tokens.map(\.jti) == ["four"] && second.tokens.first?.expiresAt == DjangoTime.parse("2026-01-04 00:00:00"))
        #expect(try source.blacklistedTokens(after: second.position, limit: 2) == nil)
        #expect(try source.countOpaqueTokens() == 1)
    }

    @Test("a blacklisted token that cannot be read is told with its key")
    func unreadableTokens() throws {
        let source = try source(
            djangoTables + """
                CREATE TABLE token_blacklist_outstandingtoken (id integer PRIMARY KEY, expires_at datetime, jti varchar(255));
                CREATE TABLE token_blacklist_blacklistedtoken (id PRIMARY KEY, token_id bigint);
                INSERT INTO token_blacklist_outstandingtoken VALUES (1, '2030-01-01', 'one'), (2, '2030-01-01 00:00:00', ''), (3, NULL, 'three'),
                    (4, '2030-01-01 00:00:00', x'01'), (5, '2030-01-01 00:00:00', 'five');
                INSERT INTO token_blacklist_blacklistedtoken VALUES (11, 1), (12, 2), (13, 3), (14, 4), (16, 6), (NULL, 5), (NULL, 7);
                """)
        var (found, told): ([String], [String]) = ([], [])
        var position: DjangoPosition?
        while let batch = try source.blacklistedTokens(after: position, limit: 1) {
            found += batch.tokens.map(\.jti)
            told += batch.unreadable.map { "\($0.key): \($0.why)" }
            position = DjangoPosition(text: batch.position.text)
        }
        #expect(found == ["five"])
        #expect(
            told == [
                "11: expires_at: not a date and time", "12: jti: empty", "13: expires_at: not a date and time", "14: jti: bytes",
                "16: the outstanding token 6 is not there", "null: the outstanding token 7 is not there",
            ])
    }

    @Test("what several accounts have is found, by ASCII case as Martlet compares")
    func repeats() throws {
        let source = try source(
            djangoTables + user(1, "'Ada'", email: "a@example.com") + user(2, "'ada'", email: "A@example.com") + user(3, "'åsa'")
                + user(4, "'ÅSA'") + user(5, "'eve'", email: "e@example.com"))
        #expect(try source.usernamesInSeveralCases() == DjangoRepeats(values: 1, accounts: 2, examples: ["ada"]))
        #expect(try source.repeatedEmails() == DjangoRepeats(values: 1, accounts: 2, examples: ["a@example.com"]))
    }

    @Test("passwords that are bare digests are counted")
    func weak() throws {
        let source = try source(
            djangoTables + (1...6).map { user($0, "'u\($0)'") }.joined() + """
                UPDATE auth_user SET password = 'md5$s$d' WHERE id = 1; UPDATE auth_user SET password = 'sha1$$d' WHERE id = 2;
                UPDATE auth_user SET password = 'd41d8cd98f00b204e9800998ecf8427e' WHERE id = 3;
                UPDATE auth_user SET password = '!1234567890123456789012345678901' WHERE id = 4;
                """)
        #expect(try source.countWeakPasswords() == 3)
        #expect(try source.countWeakPasswords(after: DjangoPosition(text: "#1")) == 2)
    }

    @Test("a file that is no database, one without users and one that is not there are told apart")
    func unusable() throws {
        func failure(_ location: DjangoLocation) -> String {
            do {
                _ = try DjangoSource(location, tables: usual)
                return "none"
            } catch {
                return "\(error)"
            }
        }
        guard case .dump(let path) = try folder.dump(String(repeating: "no database ", count: 100)) else { return }
        #expect(failure(.sqlite(path: path)).contains("not a database"))
        #expect(failure(.sqlite(path: path + ".none")).contains("No such file"))
        #expect(failure(try folder.database("CREATE TABLE other (id integer)")).contains("--user-table"))
    }

    @Test("a user model without what is needed is refused", arguments: [("nickname", "--username-field"), ("username", "column password")])
    func lacking(username: String, words: String) throws {
        let location = try folder.database("CREATE TABLE auth_user (id integer PRIMARY KEY, username text)")
        #expect {
            try DjangoSource(location, tables: try DjangoTables(username: username))
        } throws: { "\($0)".contains(words) }
    }

    @Test("positions survive being stored", arguments: ["#17", "#-3", "'0f8f", "'", "'#17", "x00ff", "x", "~6bff", "=1.5", "?17"])
    func position(text: String) {
        #expect(DjangoPosition(text: text)?.text == text)
    }

    @Test("what is no position is none", arguments: ["", "17", "#", "#x", "x0", "~g", "=", "?", "?-1"])
    func noPosition(text: String) {
        #expect(DjangoPosition(text: text) == nil)
    }
}
