// What changing an account must do, and what must follow from it in the same transaction.

import MartletEncoding
import Store
import Testing

extension Database {
    func change(_ user: User, _ change: UserChange, at now: UnixTime = start) throws -> ChangeUserOutcome {
        try write { try $0.changeUser(user.id, change, audit: Self.desk, at: now) }
    }
}

extension Check {
    static let accountChanges: [Check] = [
        Check("a new display name is no security change: an account event, and the version stays") { database throws in
            let ada = try database.makeUser("ada")
            let before = try database.lastSequence()
            let later = Database.start.adding(seconds: 5)
            guard case .changed(let changed) = try database.change(ada, UserChange(displayName: "Ada L."), at: later) else {
                throw Unexpected("refused")
            }
            #expect(changed.displayName == "Ada L." && changed.version == ada.version && changed.updatedAt == later)
            #expect(try database.user(ada.id) == changed)
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.account] && events.first?.target == ada.id.text)
        },
        Check("a change that changes nothing leaves no trace") { database throws in
            let ada = try database.makeUser("ada", email: "ada@example.org", roles: ["a"])
            let before = try database.lastSequence()
            let same = UserChange(displayName: "", email: .some("ada@example.org"), roles: ["a", "a"], isActive: true)
            #expect(try database.change(ada, same) == .changed(ada))
            #expect(try database.lastSequence() == before)
        },
        Check("a new password raises the version and ends every session but the one that asked") { database throws in
            let ada = try database.makeUser("ada")
            let kept = try database.begin("kept", for: ada)
            let lost = try database.begin("lost", for: ada)
            let before = try database.lastSequence()
            let outcome = try database.change(ada, UserChange(passwordHash: "new", keepingSession: kept.id))
            guard case .changed(let changed) = outcome else { throw Unexpected(outcome) }
            #expect(changed.version == ada.version + 1 && changed.passwordHash == "new")
            #expect(try database.session(kept, at: Database.start) == kept)
            #expect(try database.session(lost, at: Database.start) == nil)
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.account, .session])
            #expect(events.last?.target == "lost" && events.last?.cause == events.first?.id)
        },
        Check("a password set by somebody else ends every session, as one revocation") { database throws in
            let ada = try database.makeUser("ada")
            for name in ["s1", "s2"] { try database.begin(name, for: ada) }
            _ = try database.change(ada, UserChange(passwordHash: "new"))
            let listed = try database.read { try $0.revocations(at: Database.start, page: Page()).items }
            #expect(listed.map(\.kind) == [.user])
            let sessions = try database.events().filter { $0.kind == .session }
            #expect(Set(sessions.map(\.target)) == ["s1", "s2"])
            #expect(sessions.allSatisfy { $0.cause == listed.first?.id })
        },
        Check("a disabled account has no session, begins none, rotates none, and gets none back when enabled") { database throws in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            guard case .changed(let disabled) = try database.change(ada, UserChange(isActive: false, keepingSession: session.id)) else {
                throw Unexpected("refused")
            }
            #expect(disabled.version == ada.version + 1)
            #expect(try database.rotate(session, counter: 0, at: Database.start) == .ended)
            let outcome = try database.write {
                try $0.beginSession(
                    database.newSession("s2", for: ada.id), ifUserVersion: disabled.version, maximumPerUser: 100, audit: Database.desk,
                    at: Database.start)
            }
            #expect(outcome == .accountChanged)
            _ = try database.change(ada, UserChange(isActive: true))
            #expect(try database.rotate(session, counter: 0, at: Database.start) == .ended)
        },
        Check("other roles end the access tokens of every session, and the sessions go on") { database throws in
            let ada = try database.makeUser("ada")
            let one = try database.begin("s1", for: ada)
            let before = try database.lastSequence()
            _ = try database.change(ada, UserChange(roles: ["editor"]))
            let after = try database.session(one, at: Database.start)
            #expect(after?.accessEpoch == 1 && after?.accessSessionID == "s1.1" && after?.counter == 0)
            var events = try database.events(after: before)
            #expect(events.map(\.kind) == [.account, .session] && events.last?.target == "s1")
            #expect(events.last?.until == one.accessExpiresAt.adding(seconds: 60) && events.last?.cause == events.first?.id)
            _ = try database.change(ada, UserChange(roles: []))
            events = try database.events(after: events.last?.sequence ?? 0)
            #expect(events.last?.target == "s1.1")
            guard case .rotated(let rotated, let user) = try database.rotate(one, counter: 0, at: Database.start) else {
                throw Unexpected("refused")
            }
            #expect(rotated.accessEpoch == 2 && user.roles.isEmpty)
        },
        Check("a changed e-mail is unverified unless the change says otherwise, and raises the version") { database throws in
            let ada = try database.makeUser("ada", email: "ada@example.org")
            guard case .changed(let moved) = try database.change(ada, UserChange(email: .some("new@example.org"))) else {
                throw Unexpected("refused")
            }
            #expect(moved.email == "new@example.org" && !moved.emailVerified && moved.version == ada.version + 1)
            guard case .changed(let verified) = try database.change(ada, UserChange(emailVerified: true)) else {
                throw Unexpected("refused")
            }
            #expect(verified.emailVerified && verified.version == ada.version + 2)
            guard case .changed(let none) = try database.change(ada, UserChange(email: .some(nil))) else { throw Unexpected("refused") }
            #expect(none.email == nil && !none.emailVerified)
        },
        Check("an address that another account has proved cannot be verified, and can be claimed unverified") { database throws in
            try database.makeUser("ada", email: "x@example.org")
            let bob = try database.makeUser("bob")
            #expect(try database.change(bob, UserChange(email: .some("X@example.org"), emailVerified: true)) == .emailTaken)
            guard case .changed(let claimed) = try database.change(bob, UserChange(email: .some("X@example.org"))) else {
                throw Unexpected("refused")
            }
            #expect(!claimed.emailVerified)
            #expect(try database.change(bob, UserChange(emailVerified: true)) == .emailTaken)
        },
        Check("a name that another account has in any case is refused; one's own may change its case, and raises the version") {
            database throws in
            let ada = try database.makeUser("ada")
            try database.makeUser("bob")
            #expect(try database.change(ada, UserChange(username: "BOB")) == .usernameTaken)
            #expect(try database.user(ada.id) == ada)
            guard case .changed(let louder) = try database.change(ada, UserChange(username: "Ada")) else { throw Unexpected("refused") }
            #expect(louder.username == "Ada" && louder.version == ada.version + 1)
            guard case .changed(let renamed) = try database.change(ada, UserChange(username: "lovelace")) else {
                throw Unexpected("refused")
            }
            #expect(try database.user(ada.id) == renamed)
            #expect(try database.read { try $0.user(username: UsernameKey("LOVELACE")) }?.id == ada.id)
            #expect(try database.read { try $0.user(username: UsernameKey("ada")) } == nil, "the name is free again")
        },
        Check("attributes are kept as they were given and leave the version alone") { database throws in
            let ada = try database.makeUser("ada")
            #expect(ada.attributes == "{}")
            let text = #"{"first_name":"Ada","shoe size":{"eu":37.50}}"#
            guard case .changed(let changed) = try database.change(ada, UserChange(attributes: text)) else {
                throw Unexpected("refused")
            }
            #expect(changed.attributes == text && changed.version == ada.version)
            #expect(try database.user(ada.id)?.attributes == text)
            _ = try database.change(ada, UserChange(displayName: "A."))
            #expect(try database.user(ada.id)?.attributes == text, "another change leaves them alone")
        },
        Check("a change for another version is refused and changes nothing") { database throws in
            let ada = try database.makeUser("ada")
            #expect(try database.change(ada, UserChange(roles: ["a"], ifVersion: 9)) == .versionMismatch)
            #expect(try database.user(ada.id) == ada)
            let nobody = try database.write { try $0.changeUser(UserID("no"), UserChange(), audit: Database.desk, at: Database.start) }
            #expect(nobody == .notFound)
        },
        Check("the last active administrator is not demoted, disabled or deleted") { database throws in
            let root = try database.makeUser("root", roles: [User.administrator])
            #expect(try database.change(root, UserChange(roles: [])) == .lastAdministrator)
            #expect(try database.change(root, UserChange(isActive: false)) == .lastAdministrator)
            let deleted = try database.write { try $0.deleteUser(root.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
            #expect(deleted == .lastAdministrator)
            let second = try database.makeUser("second", roles: [User.administrator])
            _ = try database.change(second, UserChange(isActive: false))
            #expect(try database.change(root, UserChange(roles: [])) == .lastAdministrator)
            _ = try database.change(second, UserChange(isActive: true))
            guard case .changed = try database.change(root, UserChange(roles: [])) else { throw Unexpected("refused") }
        },
        Check("of two administrators who demote each other at once one remains") { database throws in
            for round in 0..<10 {
                let names = ["a\(round)", "b\(round)"]
                let users = try names.map { try database.makeUser($0, roles: [User.administrator]) }
                for other in round > 0 ? ["a\(round - 1)", "b\(round - 1)"] : [] {
                    _ = try database.write {
                        try $0.changeUser(UserID("u-\(other)"), UserChange(roles: []), audit: Database.desk, at: Database.start)
                    }
                }
                let outcomes = Gathered<ChangeUserOutcome>()
                for user in users {
                    database.submit({ try $0.changeUser(user.id, UserChange(roles: []), audit: Database.desk, at: Database.start) }) {
                        outcomes.add($0)
                    }
                }
                #expect(try outcomes.wait(for: 2).count { $0 == .lastAdministrator } == 1)
            }
        },
    ]
}
