// What taking over accounts of other systems must do: names that differ by case only, addresses that others have, and
// coming again.

import MartletEncoding
import Store
import Testing

extension Check {
    static let imports: [Check] = [
        Check("an imported account is there with everything it had") { database throws in
            var new = Database.imported("Ada", externalID: "7")
            new.email = "Ada@example.org"
            new.emailVerified = true
            new.displayName = "Ada Lovelace"
            new.passwordHash = "pbkdf2_sha256$1$salt$hash"
            new.roles = ["b", "a", "b"]
            new.isActive = false
            new.createdAt = Database.start.adding(seconds: -86_400)
            new.lastLoginAt = Database.start.adding(seconds: -60)
            new.attributes = #"{"first_name":"Ada"}"#
            #expect(try database.take(new) == .created(matchesExactly: false, emailLeftUnverified: false))
            let expected = User(
                id: new.id, username: "Ada", email: "Ada@example.org", emailVerified: true, displayName: "Ada Lovelace",
                passwordHash: "pbkdf2_sha256$1$salt$hash", roles: ["a", "b"], isActive: false, version: 1, createdAt: new.createdAt,
                updatedAt: Database.start, lastLoginAt: new.lastLoginAt, attributes: #"{"first_name":"Ada"}"#, externalID: "7")
            #expect(try database.user(new.id) == expected)
            #expect(try database.read { try $0.user(username: UsernameKey("aDA")) } == expected)
            #expect(try database.read { try $0.user(verifiedEmail: EmailKey("ada@example.org")) } == expected)
            #expect(try database.read { try $0.user(externalID: "7") } == expected)
            for other in ["", "07", "Ada", new.id.text] { #expect(try database.read { try $0.user(externalID: other) } == nil) }
        },
        Check("an account that is found exactly is found like any other once it has a name of its own") { database throws in
            let (lower, upper) = (Database.imported("ada"), Database.imported("ADA"))
            _ = try database.take(lower)
            _ = try database.take(upper)
            guard let ada = try database.user(lower.id) else { throw Unexpected("no account") }
            #expect(try database.change(ada, UserChange(username: "Ada")) == .usernameTaken)
            guard case .changed = try database.change(ada, UserChange(username: "lovelace")) else { throw Unexpected("refused") }
            #expect(try database.find("LOVELACE") == lower.id)
            #expect(try database.find("ada") == nil)
            #expect(try database.find("ADA") == upper.id)
        },
        Check("an account that comes again is present, whatever it became in the meantime") { database throws in
            let ada = Database.imported("ada", externalID: "7")
            _ = try database.take(ada)
            _ = try database.write {
                try $0.changeUser(ada.id, UserChange(displayName: "Countess"), audit: Database.desk, at: Database.start)
            }
            let before = try database.user(ada.id)
            var again = ada
            again.id = UserID("another id")
            again.username = "ada2"
            #expect(try database.take(again) == .present)
            #expect(try database.take(ada) == .present)
            #expect(try database.user(ada.id) == before && before?.displayName == "Countess")
            #expect(try database.find("ada2") == nil)
        },
        Check("imported names that differ by case only are found by exactly their own text, whichever came first") { database throws in
            let names = ["Ada", "ada", "aDA"]
            let outcomes = try names.map { try database.take(Database.imported($0)) }
            #expect(
                outcomes == [false, true, true].map { ImportUserOutcome.created(matchesExactly: $0, emailLeftUnverified: false) })
            for name in names { #expect(try database.find(name) == Database.imported(name).id) }
            #expect(try database.find("ADA") == nil)
        },
        Check("an account made here goes on being found by any case, except as an imported one is written") { database throws in
            let native = try database.makeUser("ada")
            #expect(try database.take(Database.imported("Ada")) == .created(matchesExactly: true, emailLeftUnverified: false))
            #expect(try database.find("Ada") == Database.imported("Ada").id)
            #expect(try database.find("ada") == native.id)
            #expect(try database.find("ADA") == native.id)
            var same = Database.imported("ada")
            same.id = UserID("same")
            #expect(try database.take(same) == .created(matchesExactly: true, emailLeftUnverified: false))
            #expect(try database.find("ada") == same.id)
            #expect(try database.find("aDa") == native.id)
        },
        Check("a name that is to be matched exactly is, though nobody shares it") { database throws in
            let new = Database.imported("Ada Lovelace", matchesExactly: true)
            #expect(try database.take(new) == .created(matchesExactly: true, emailLeftUnverified: false))
            #expect(try database.find("Ada Lovelace") == new.id)
            #expect(try database.find("ada lovelace") == nil)
            #expect(try database.read { try $0.users(matching: "LOVE", page: Page()).items.map(\.id) } == [new.id])
        },
        Check("composed and decomposed names are two") { database throws in
            let composed = Database.imported("\u{E9}va", externalID: "1")
            var decomposed = Database.imported("e\u{301}va", matchesExactly: true, externalID: "2")
            decomposed.id = UserID("decomposed")
            #expect(try database.take(composed) == .created(matchesExactly: false, emailLeftUnverified: false))
            #expect(try database.take(decomposed) == .created(matchesExactly: true, emailLeftUnverified: false))
            #expect(try database.find("\u{E9}va") == composed.id)
            #expect(try database.find("e\u{301}va") == decomposed.id)
        },
        Check("a name whose folded form any account has is refused to those who are made here") { database throws in
            _ = try database.take(Database.imported("ada"))
            _ = try database.take(Database.imported("Eve Evening", matchesExactly: true))
            for name in ["ADA", "ada", "EVE evening", "Eve Evening"] {
                let new = NewUser(id: UserID("new"), username: name, passwordHash: nil)
                #expect(try database.write { try $0.createUser(new, audit: Database.desk, at: Database.start) } == .usernameTaken)
            }
            // As the key of an exact name looks.
            let other = NewUser(id: UserID("new"), username: "EEve Evening", passwordHash: nil)
            guard case .created = try database.write({ try $0.createUser(other, audit: Database.desk, at: Database.start) })
            else { throw Unexpected("EEve Evening was refused") }
            #expect(try database.find("Eve Evening") == Database.imported("Eve Evening").id)
        },
        Check("deleting an account that is found exactly frees its name") { database throws in
            let ada = Database.imported("Ada", matchesExactly: true)
            _ = try database.take(ada)
            _ = try database.write { try $0.deleteUser(ada.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
            try database.makeUser("ada")
        },
        Check("the same name under another external id, and an id that is taken, are refused and write nothing") { database throws in
            let ada = Database.imported("ada", externalID: "7")
            _ = try database.take(ada)
            var name = Database.imported("ada", externalID: "8")
            name.id = UserID("other")
            #expect(try database.take(name) == .usernameTaken)
            var id = Database.imported("bob", externalID: "9")
            id.id = ada.id
            #expect(try database.take(id) == .idTaken)
            #expect(try database.find("ADA") == ada.id && database.user(UserID("other")) == nil && database.find("bob") == nil)
        },
        Check("a verified address that another account has proved is imported unverified") { database throws in
            let native = try database.makeUser("ada", email: "x@example.org")
            var one = Database.imported("one")
            one.email = "X@example.org"
            one.emailVerified = true
            var two = Database.imported("two")
            two.email = "x@example.org"
            var none = Database.imported("none")
            none.emailVerified = true
            #expect(try database.take(one) == .created(matchesExactly: false, emailLeftUnverified: true))
            #expect(try database.take(two) == .created(matchesExactly: false, emailLeftUnverified: false))
            #expect(try database.take(none) == .created(matchesExactly: false, emailLeftUnverified: false))
            let made = try database.user(one.id)
            #expect(made?.email == "X@example.org" && made?.emailVerified == false)
            #expect(try database.user(none.id)?.emailVerified == false)
            #expect(try database.read { try $0.user(verifiedEmail: EmailKey("x@example.org")) }?.id == native.id)
        },
        Check("an imported administrator counts as there having been one") { database throws in
            var root = Database.imported("root")
            root.roles = [User.administrator]
            _ = try database.take(root)
            #expect(try database.read { try $0.fact(.hadAdministrator) } != nil)
            let last = try database.write {
                try $0.changeUser(UserID("i-root"), UserChange(isActive: false), audit: Database.desk, at: Database.start)
            }
            #expect(last == .lastAdministrator)
        },
        Check("a batch and its progress are one transaction, audited as the caller says and not by account") { database throws in
            let names = (0..<50).map { "user\($0)" }
            let outcomes = try database.write { transaction in
                let outcomes = try names.map {
                    try transaction.importUser(Database.imported($0), audit: Database.desk, at: Database.start)
                }
                try transaction.setFact(.importProgress, #"{"users":50}"#)
                try transaction.record(
                    .usersImported, target: nil, result: .success, detail: "\(outcomes.count)", audit: Database.desk, at: Database.start)
                return outcomes
            }
            #expect(Set(outcomes) == [.created(matchesExactly: false, emailLeftUnverified: false)] && outcomes.count == 50)
            #expect(try database.read { try $0.fact(.importProgress) } == #"{"users":50}"#)
            #expect(try database.audit().map { "\($0.action.rawValue) \($0.detail ?? "")" } == ["users.imported 50"])
            #expect(throws: StoreError.self) {
                try database.write { transaction in
                    _ = try transaction.importUser(Database.imported("late"), audit: Database.desk, at: Database.start)
                    try transaction.setFact(.importProgress, "{}")
                    throw StoreError.unavailable(detail: "the source broke off")
                }
            }
            #expect(try database.find("late") == nil)
            #expect(try database.read { try $0.fact(.importProgress) } == #"{"users":50}"#)
        },
        Check("an account that was imported earlier and is found exactly from now on is audited") { database throws in
            _ = try database.take(Database.imported("Ada"))
            #expect(try database.audit().isEmpty)
            _ = try database.take(Database.imported("ada"))
            #expect(try database.audit().map { "\($0.action.rawValue) \($0.target ?? "")" } == ["user.changed user:i-Ada"])
        },
        Check("hashes are counted by scheme, wherever they were written") { database throws in
            func count(after hours: Int64) throws -> [String] {
                let now = Database.start.adding(seconds: hours * 3600)
                return try database.read { try $0.passwordSchemes(at: now) }.map { "\($0.name) \($0.accounts)" }
            }
            #expect(try database.read { try $0.hasLegacyPasswords() } == false)
            for (name, hash) in [
                ("a", nil), ("b", "!unusable"), ("c", "pbkdf2_sha256$1$salt$hash"), ("d", "argon2$argon2id$v=19$m=8,t=1,p=1$salt$hash"),
                ("e", "$argon2id-over$v=1$md5$salt$argon2id$v=19$m=8,t=1,p=1$salt$hash"), ("f", "sha1$$hash"), ("g", "none of them"),
            ] {
                var new = Database.imported(name)
                new.passwordHash = hash
                _ = try database.take(new)
            }
            let all = ["none 2", "django.argon2 1", "django.pbkdf2_sha256 1", "django.sha1 1", "unknown 1", "wrapped.md5 1"]
            #expect(try count(after: 0) == all)
            let ours = "$argon2id$v=19$m=8,t=1,p=1$salt$hash"
            _ = try database.write { try $0.rehash(UserID("i-c"), from: "pbkdf2_sha256$1$salt$hash", to: ours) }
            for name in ["d", "e", "g"] {
                _ = try database.write {
                    try $0.changeUser(UserID("i-\(name)"), UserChange(passwordHash: ours), audit: Database.desk, at: Database.start)
                }
            }
            _ = try database.write {
                try $0.createUser(
                    NewUser(id: UserID("new"), username: "new", passwordHash: ours), audit: Database.desk, at: Database.start)
            }
            _ = try database.write {
                try $0.changeUser(UserID("new"), UserChange(displayName: "New"), audit: Database.desk, at: Database.start)
            }
            #expect(try count(after: 1) == ["none 2", "argon2id 5", "django.sha1 1"])
            #expect(try database.read { try $0.hasLegacyPasswords() })
            _ = try database.write { try $0.deleteUser(UserID("i-f"), ifVersion: nil, audit: Database.desk, at: Database.start) }
            #expect(try database.read { try $0.hasLegacyPasswords() } == false)
        },
        Check("a wrapped hash is a legacy one") { database throws in
            var new = Database.imported("ada")
            new.passwordHash = "$argon2id-over$v=1$md5$salt$argon2id$v=19$m=8,t=1,p=1$salt$hash"
            _ = try database.take(new)
            #expect(try database.read { try $0.hasLegacyPasswords() })
        },
    ]
}

extension Database {
    /// An account of another system; its external id is its name unless it is given.
    fileprivate static func imported(_ name: String, matchesExactly: Bool = false, externalID: String? = nil) -> ImportedUser {
        ImportedUser(
            id: UserID("i-\(name)"), username: name, matchesExactly: matchesExactly, email: nil, emailVerified: false, displayName: "",
            passwordHash: nil, roles: [], isActive: true, createdAt: start, lastLoginAt: nil, attributes: "{}",
            externalID: externalID ?? "\(name) there")
    }

    fileprivate func take(_ user: ImportedUser) throws -> ImportUserOutcome {
        try write { try $0.importUser(user, audit: Self.desk, at: Self.start) }
    }

    /// The id of the account that logs in by this username.
    fileprivate func find(_ username: String) throws -> UserID? {
        try read { try $0.user(username: UsernameKey(username)) }?.id
    }
}
