// What opening, finding and ending sessions must do.

import MartletEncoding
import Store
import Testing

extension Check {
    static let sessions: [Check] = [
        Check("a session is as it was asked for, and the login is remembered") { database throws in
            let ada = try database.makeUser("ada")
            let before = try database.lastSequence()
            let later = Database.start.adding(milliseconds: 1234)
            let session = try database.begin("s1", for: ada, at: later)
            #expect(session.counter == 0 && session.accessEpoch == 0 && session.retries == 0 && session.accessSessionID == "s1")
            #expect(session.createdAt == later && session.rotatedAt == later && session.lastUsedAt == later)
            #expect(session.nonce == Array("nonce of s1".utf8))
            #expect(try database.session(session, at: later) == session)
            let user = try database.user(ada.id)
            #expect(user?.lastLoginAt == later && user?.version == ada.version)
            #expect(try database.events(after: before).map(\.kind) == [.account])
        },
        Check("no session opens for an account that changed since its credentials were checked") { database throws in
            let ada = try database.makeUser("ada")
            _ = try database.write { try $0.changeUser(ada.id, UserChange(passwordHash: "new"), audit: Database.desk, at: Database.start) }
            let outcome = try database.write {
                try $0.beginSession(
                    database.newSession("s1", for: ada.id), ifUserVersion: ada.version, maximumPerUser: 100, audit: Database.desk,
                    at: Database.start)
            }
            #expect(outcome == .accountChanged)
            #expect(try database.read { try $0.session(SessionID("s1"), at: Database.start) } == nil)
            #expect(try database.user(ada.id)?.lastLoginAt == nil)
        },
        Check("a session is gone when its refresh token expired, and when its own time is over") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            #expect(try database.session(session, at: session.refreshExpiresAt.adding(milliseconds: -1)) != nil)
            #expect(try database.session(session, at: session.refreshExpiresAt) == nil)
            let listed = try database.read { try $0.sessions(of: session.userID, at: session.refreshExpiresAt, page: Page()).items }
            #expect(listed.isEmpty)
        },
        Check("an account has a hundred sessions at most: the oldest ends") { database throws in
            let ada = try database.makeUser("ada")
            for number in 0..<100 { try database.begin("s\(number)", for: ada, at: Database.start.adding(milliseconds: Int64(number))) }
            let before = try database.lastSequence()
            let now = Database.start.adding(seconds: 1)
            try database.begin("s100", for: ada, at: now)
            let events = try database.events(after: before).filter { $0.kind == .session }
            #expect(events.map(\.target) == ["s0"])
            let listed = try database.read { try $0.sessions(of: ada.id, at: now, page: Page(limit: 200)).items }
            #expect(listed.count == 100 && listed.first?.id.text == "s100" && listed.last?.id.text == "s1")
        },
        Check("sessions that are over do not count for the maximum") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("old", for: ada, maximum: 1)
            let later = Database.start.adding(seconds: 86_400)
            let before = try database.lastSequence()
            try database.begin("new", for: ada, maximum: 1, at: later)
            #expect(try database.events(after: before).allSatisfy { $0.kind == .account })
        },
        Check("a login's address is known from its time on, and another one is not") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("s1", for: ada)
            func knows(_ address: String, since: UnixTime) throws -> Bool {
                try database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress(address), since: since) }
            }
            #expect(try knows("192.0.2.1", since: Database.start))
            #expect(try knows("192.0.2.1", since: Database.start.adding(milliseconds: 1)) == false)
            #expect(try knows("192.0.2.2", since: Database.start) == false)
        },
        Check("the twenty latest addresses of an account are remembered") { database throws in
            let ada = try database.makeUser("ada")
            for number in 0..<22 {
                let now = Database.start.adding(seconds: Int64(number))
                var new = database.newSession("s\(number)", for: ada.id, at: now)
                new.address = LoginAddress("192.0.2.\(number)")
                let session = new
                _ = try database.write {
                    try $0.beginSession(session, ifUserVersion: ada.version, maximumPerUser: 100, audit: Database.desk, at: now)
                }
            }
            let known = try (0..<22).filter { number in
                try database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress("192.0.2.\(number)"), since: Database.start) }
            }
            #expect(known == Array(2..<22))
        },
        Check("a session is not begun with a refresh key that is retired or unknown, and nothing is changed") { database throws in
            let ada = try database.makeUser("ada")
            #expect(try database.add(database.key("old", .refresh, isActive: true)))
            try database.write { try $0.replaceKeys(with: [database.key("r2", .refresh)], audit: Database.desk, at: Database.start) }
            let (events, lines) = (try database.lastSequence(), try database.audit().count)
            for (name, keyID) in [("s1", "old"), ("s2", "r1")] {
                var new = database.newSession(name, for: ada.id)
                new.refreshKeyID = keyID
                let session = new
                let outcome = try database.write {
                    try $0.beginSession(session, ifUserVersion: ada.version, maximumPerUser: 9, audit: Database.desk, at: Database.start)
                }
                #expect(outcome == .staleKeys)
            }
            #expect(try database.user(ada.id) == ada)
            #expect(try database.lastSequence() == events)
            #expect(try database.audit().count == lines)
        },
    ]
}
