// What making, finding and deleting accounts must do.

import MartletEncoding
import Store
import Testing

extension Check {
    static let accounts: [Check] = [
        Check("a new account is found by id, by username without regard to ASCII case, and by verified e-mail") { database throws in
            let ada = try database.makeUser("Ada", email: "Ada@example.org", roles: ["b", "a", "b"])
            #expect(ada.version == 1 && ada.isActive && ada.lastLoginAt == nil && ada.attributes == "{}" && ada.displayName == "")
            #expect(ada.roles == ["a", "b"])
            #expect(ada.createdAt == Database.start)
            #expect(try database.read { try $0.user(ada.id) } == ada)
            #expect(try database.read { try $0.user(username: UsernameKey("aDA")) } == ada)
            #expect(try database.read { try $0.user(verifiedEmail: EmailKey("ADA@EXAMPLE.ORG")) } == ada)
            #expect(try database.read { try $0.user(username: UsernameKey("bob")) } == nil)
        },
        Check("usernames that differ in ASCII case only are the same") { database throws in
            try database.makeUser("ada")
            let again = NewUser(id: UserID("other"), username: "ADA", passwordHash: nil)
            let outcome = try database.write { try $0.createUser(again, audit: Database.desk, at: Database.start) }
            #expect(outcome == .usernameTaken)
            #expect(try database.user(UserID("other")) == nil)
        },
        Check("an e-mail is unique only once verified, and an unverified one finds nobody") { database throws in
            let first = NewUser(id: UserID("1"), username: "one", email: "x@example.org", passwordHash: nil)
            let second = NewUser(id: UserID("2"), username: "two", email: "X@example.org", passwordHash: nil)
            var third = NewUser(id: UserID("3"), username: "three", email: "x@Example.org", emailVerified: true, passwordHash: nil)
            for new in [first, second, third] {
                let outcome = try database.write { try $0.createUser(new, audit: Database.desk, at: Database.start) }
                guard case .created = outcome else { throw Unexpected(outcome) }
            }
            let found = try database.read { try $0.user(verifiedEmail: EmailKey("x@example.org")) }
            #expect(found?.id == UserID("3"))
            third.id = UserID("4")
            third.username = "four"
            let fourth = third
            #expect(try database.write { try $0.createUser(fourth, audit: Database.desk, at: Database.start) } == .emailTaken)
        },
        Check("the first administrator is made once, and never again after there has been one") { database throws in
            func first(_ name: String) throws -> CreateUserOutcome {
                let new = NewUser(
                    id: UserID(name), username: name, passwordHash: "h", roles: [User.administrator], onlyAsFirstAdministrator: true)
                return try database.write { try $0.createUser(new, audit: Database.desk, at: Database.start) }
            }
            guard case .created = try first("root") else { throw Unexpected("the first was refused") }
            #expect(try first("root2") == .notFirstAdministrator)
            #expect(try database.read { try $0.fact(.hadAdministrator) } != nil)
        },
        Check("a promotion counts as there having been an administrator") { database throws in
            let ada = try database.makeUser("ada")
            _ = try database.write {
                try $0.changeUser(ada.id, UserChange(roles: [User.administrator]), audit: Database.desk, at: Database.start)
            }
            let late = NewUser(
                id: UserID("late"), username: "late", passwordHash: "h", roles: [User.administrator], onlyAsFirstAdministrator: true)
            #expect(try database.write { try $0.createUser(late, audit: Database.desk, at: Database.start) } == .notFirstAdministrator)
        },
        Check("text with NUL, quotes and characters beyond the BMP is stored as it is") { database throws in
            let name = "a\u{0}b'\"\u{1F99C}"
            let user = try database.makeUser(name)
            let found = try database.user(user.id)
            #expect(found?.username == name && found?.passwordHash == "hash of \(name)")
            #expect(try database.read { try $0.user(username: UsernameKey("a")) } == nil)
            let matching = try database.read { try $0.users(matching: "b'", page: Page()).items }
            #expect(matching.map(\.id) == [user.id])
        },
        Check("deleting an account ends its sessions, and the name is free again") { database throws in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            let before = try database.lastSequence()
            let outcome = try database.write {
                try $0.deleteUser(ada.id, ifVersion: ada.version, audit: Database.desk, at: Database.start)
            }
            guard case .changed(let last) = outcome else { throw Unexpected(outcome) }
            #expect(last.id == ada.id)
            #expect(try database.user(ada.id) == nil)
            #expect(try database.session(session, at: Database.start) == nil)
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.user, .session])
            #expect(events.last?.target == "s1" && events.last?.cause == events.first?.id)
            try database.makeUser("ada")
        },
        Check("deleting asks for the version, and for the account to be there") { database throws in
            let ada = try database.makeUser("ada")
            let other = try database.write { try $0.deleteUser(ada.id, ifVersion: 7, audit: Database.desk, at: Database.start) }
            #expect(other == .versionMismatch)
            let nobody = try database.write { try $0.deleteUser(UserID("no"), ifVersion: nil, audit: Database.desk, at: Database.start) }
            #expect(nobody == .notFound)
        },
        Check("an account whose last session is over but not purged can be deleted") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("s1", for: ada)
            let later = Database.start.adding(seconds: 20 * 86_400)
            let outcome = try database.write { try $0.deleteUser(ada.id, ifVersion: nil, audit: Database.desk, at: later) }
            guard case .changed = outcome else { throw Unexpected(outcome) }
        },
        Check("a stronger hash is put in place of the one that was checked, and only of that one") { database throws in
            let ada = try database.makeUser("ada")
            #expect(try database.write { try $0.rehash(ada.id, from: "hash of ada", to: "stronger") })
            #expect(try database.write { try $0.rehash(ada.id, from: "hash of ada", to: "weaker") } == false)
            let found = try database.user(ada.id)
            #expect(found?.passwordHash == "stronger" && found?.version == ada.version)
        },
        Check("facts are set, replaced and nil before") { database throws in
            #expect(try database.read { try $0.fact(.lineage) } == nil)
            try database.write { try $0.setFact(.lineage, "one") }
            try database.write { try $0.setFact(.lineage, "two") }
            #expect(try database.read { try $0.fact(.lineage) } == "two")
        },
        Check("the numbers of accounts and sessions are right after a while") { database throws in
            let ada = try database.makeUser("ada")
            try database.makeUser("bob")
            try database.begin("s1", for: ada)
            let counts = try database.read { try $0.counts(at: Database.start) }
            #expect(counts.users == 2 && counts.sessions == 1)
            try database.makeUser("eve")
            let later = Database.start.adding(seconds: 3600)
            #expect(try database.read { try $0.counts(at: later) }.users == 3)
        },
    ]
}
