// What taking things back must do, and how the log of it is read.

import MartletEncoding
import Store
import Testing

extension Database {
    func revoke(_ target: RevocationTarget, reason: String? = nil, at now: UnixTime = start) throws -> RevocationEvent? {
        try write { try $0.revoke(target, reason: reason, audit: Self.desk, at: now) }
    }
}

extension Check {
    static let revocations: [Check] = [
        Check("a revoked session is gone, and its event lives as long as its access tokens may") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let event = try database.revoke(.session(session.id, ofUser: nil), reason: "stolen")
            #expect(event?.kind == .session && event?.target == "s1" && event?.reason == "stolen" && event?.cause == nil)
            #expect(event?.until == session.accessExpiresAt.adding(seconds: 60))
            #expect(try database.session(session, at: Database.start) == nil)
            #expect(try database.rotate(session, counter: 0, at: Database.start) == .ended)
            #expect(try database.revoke(.session(session.id, ofUser: nil)) == nil)
            #expect(try database.events().last == event)
        },
        Check("somebody else's session is not there") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let bob = try database.makeUser("bob")
            #expect(try database.revoke(.session(session.id, ofUser: bob.id)) == nil)
            #expect(try database.session(session, at: Database.start) != nil)
            #expect(try database.revoke(.session(session.id, ofUser: session.userID)) != nil)
        },
        Check("a session that is over while its access tokens are not can be revoked") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let late = session.refreshExpiresAt.adding(seconds: -1)
            _ = try database.rotate(session, counter: 0, at: late)
            let ada = try database.makeUser("other")
            var new = database.newSession("s2", for: ada.id)
            new.refreshExpiresAt = Database.start.adding(seconds: 10)
            let short = new
            _ = try database.write {
                try $0.beginSession(short, ifUserVersion: ada.version, maximumPerUser: 9, audit: Database.desk, at: Database.start)
            }
            let event = try database.revoke(.session(SessionID("s2"), ofUser: nil), at: Database.start.adding(seconds: 20))
            #expect(event?.until == short.accessExpiresAt.adding(seconds: 60))
        },
        Check("revoking a user is one event and one more for each live session, in one piece") { database throws in
            let ada = try database.makeUser("ada")
            let sessions = try ["s1", "s2"].map { try database.begin($0, for: ada) }
            let before = try database.lastSequence()
            let event = try database.revoke(.user(ada.id), reason: "left")
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.user, .session, .session] && events.first == event)
            #expect(events.dropFirst().allSatisfy { $0.cause == event?.id && $0.reason == "left" })
            #expect(event?.until == sessions[0].accessExpiresAt.adding(seconds: 60))
            for session in sessions { #expect(try database.session(session, at: Database.start) == nil) }
            #expect(try database.user(ada.id)?.isActive == true)
            #expect(try database.revoke(.user(UserID("nobody"))) == nil)
            let again = try database.revoke(.user(ada.id))
            #expect(again?.until == Database.start.adding(seconds: 60))
        },
        Check("a revoked token's event lives until its exp and a minute; repeated it is the same event") { database throws in
            let exp = Database.start.adding(seconds: 600)
            let event = try database.revoke(.token(id: "j1", until: exp))
            #expect(event?.kind == .token && event?.target == "j1" && event?.until == exp.adding(seconds: 60))
            #expect(try database.revoke(.token(id: "j1", until: exp)) == event)
            #expect(try database.revoke(.token(id: "j1", until: nil)) == event)
            #expect(try database.events().count == 1)
            #expect(try database.revoke(.token(id: "j2", until: Database.start.adding(seconds: -60))) == nil)
        },
        Check("a token of unknown exp is revoked as long as any access token may live") { database throws in
            let early = try database.revoke(.token(id: "j0", until: nil))
            #expect(early?.until == Database.start.adding(seconds: 86_460))
            let key = SigningKeyRecord(
                id: "a1", purpose: .access, algorithm: "ES256", publicKey: [], privateKey: [], publishedAt: Database.start,
                activatedAt: Database.start)
            _ = try database.write { try $0.addKey(key, audit: nil, at: Database.start) }
            let ada = try database.makeUser("ada")
            for (name, life, expected) in [("s1", 600, 86_460), ("s2", 90_000, 90_060)] as [(String, Int64, Int64)] {
                let mark = KeyMark(keyID: "a1", expiresAt: Database.start.adding(seconds: life))
                try database.begin(name, for: ada, marks: [mark])
                let event = try database.revoke(.token(id: "token of \(name)", until: nil))
                #expect(event?.until == Database.start.adding(seconds: expected), "a mark says nothing of tokens under a shared secret")
            }
        },
        Check("a client's revocation is in force as long as any access token may live, whatever the marks say") { database throws in
            #expect(try database.add(database.key("a1", isActive: true)))
            let mark = KeyMark(keyID: "a1", expiresAt: Database.start.adding(seconds: 600))
            try database.begin("s1", for: try database.makeUser("ada"), client: "app", marks: [mark])
            #expect(try database.revoke(.client("app"))?.until == Database.start.adding(seconds: 86_460))
        },
        Check("a token that is revoked again adds neither an event nor a line in the trail") { database throws in
            let until = Database.start.adding(seconds: 600)
            for (round, known) in [until, until, nil].enumerated() {
                _ = try database.revoke(.token(id: "j1", until: known), at: Database.start.adding(seconds: Int64(round)))
            }
            for round in Int64(0)..<3 { _ = try database.revoke(.token(id: "j2", until: nil), at: Database.start.adding(seconds: round)) }
            #expect(try database.events().map(\.target) == ["j1", "j2"])
            #expect(try database.audit(AuditFilter(action: .tokenRevoked)).map(\.target) == ["token:j2", "token:j1"])
        },
        Check("live events are those that may decide about a token, and account events never are") { database throws in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            let event = try database.revoke(.session(session.id, ofUser: nil))
            let live = try database.read { try $0.liveEvents(at: Database.start) }
            #expect(live == [event])
            let over = try database.read { try $0.liveEvents(at: session.accessExpiresAt.adding(seconds: 60)) }
            #expect(over.isEmpty)
        },
        Check("events are read from any number on, in order, and numbers only rise") { database throws in
            #expect(try database.lastSequence() == 0)
            let all = try (0..<5).compactMap { try database.revoke(.token(id: "j\($0)", until: Database.start.adding(seconds: 60))) }
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.sequence < $1.sequence })
            #expect(Set(all.map(\.id)).count == 5)
            let some = try database.read { try $0.events(after: all[1].sequence, limit: 2) }
            #expect(some == [all[2], all[3]])
            #expect(try database.lastSequence() == all[4].sequence)
        },
        Check("the list of revocations leaves out what only follows, what is over, and what revokes nothing") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("s1", for: ada)
            let user = try database.revoke(.user(ada.id))
            let token = try database.revoke(.token(id: "j1", until: Database.start.adding(seconds: 600)))
            _ = try database.revoke(.token(id: "j2", until: Database.start.adding(seconds: 30)))
            let later = Database.start.adding(seconds: 100)
            let listed = try database.read { try $0.revocations(at: later, page: Page()).items }
            #expect(listed == [token, user])
        },
    ]
}
