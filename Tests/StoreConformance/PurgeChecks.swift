// What is purged, and what must not be. Purging goes along with writes, so these checks write.

import MartletEncoding
import Store
import Testing

extension Database {
    /// Writes so often at `now` that whatever may be purged is.
    fileprivate func writeOften(at now: UnixTime) throws {
        for _ in 0..<40 {
            try write { try $0.record(.keyPromoted, target: nil, result: .success, detail: "later", audit: Self.desk, at: now) }
        }
    }
}

extension Check {
    static let purging: [Check] = [
        Check("events whose time is over are purged, their numbers never used again") { database throws in
            let last = try (0..<20).compactMap { try database.revoke(.token(id: "j\($0)", until: Database.start.adding(seconds: 60))) }.last
            try database.writeOften(at: Database.start.adding(seconds: 86_400))
            #expect(try database.events().isEmpty)
            #expect(try database.lastSequence() == last?.sequence)
            let next = try database.revoke(.token(id: "j", until: nil), at: Database.start.adding(seconds: 86_400))
            #expect(try #require(next).sequence > #require(last).sequence)
        },
        Check("an event in force is never purged") { database throws in
            let until = Database.start.adding(seconds: 86_400)
            let event = try database.revoke(.token(id: "j", until: until))
            try database.writeOften(at: until)
            #expect(try database.read { try $0.liveEvents(at: until) } == [event])
        },
        Check("a client's revocation is kept as long as a session of it could live") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"), client: "app")
            var now = Database.start
            for counter in 0..<5 {
                now = now.adding(seconds: 80_000)
                _ = try database.rotate(session, counter: Int64(counter), at: now)
            }
            _ = try database.revoke(.client("app"), at: now)
            let later = now.adding(seconds: 80_000)
            try database.writeOften(at: later)
            #expect(try database.rotate(session, counter: 5, at: later) == .ended)
            #expect(try database.session(session, at: later) == nil)
        },
        Check("a session that is refreshed is not purged, and one that is over goes without an event") { database throws in
            let ada = try database.makeUser("ada")
            let kept = try database.begin("kept", for: ada)
            let over = try database.begin("over", for: ada)
            let before = try database.lastSequence()
            let now = Database.start.adding(seconds: 80_000)
            _ = try database.rotate(kept, counter: 0, at: now)
            let later = Database.start.adding(seconds: 90_000)
            try database.writeOften(at: later)
            #expect(try database.session(kept, at: later)?.counter == 1)
            guard case .rotated = try database.rotate(kept, counter: 1, at: later) else { throw Unexpected("refused") }
            #expect(try database.revoke(.session(over.id, ofUser: nil), at: later) == nil)
            #expect(try database.events(after: before).isEmpty)
        },
        Check("the trail is kept for 400 days and no longer") { database throws in
            try database.makeUser("ada")
            try database.writeOften(at: Database.start.adding(seconds: 400 * 86_400))
            #expect(try database.audit(AuditFilter(action: .userRegistered)).count == 1)
            try database.writeOften(at: Database.start.adding(seconds: 400 * 86_400 + 1))
            #expect(try database.audit(AuditFilter(action: .userRegistered)).isEmpty)
        },
        Check("addresses of logins are forgotten after 30 days") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("s1", for: ada)
            try database.writeOften(at: Database.start.adding(seconds: 30 * 86_400))
            #expect(try database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress("192.0.2.1"), since: Database.start) })
            try database.writeOften(at: Database.start.adding(seconds: 30 * 86_400 + 1))
            #expect(try database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress("192.0.2.1"), since: Database.start) } == false)
        },
    ]
}
