// Tokens of the service before: a refresh token is exchanged once, a blacklisted one never, and what takes back all that an account
// has takes those tokens back as well.

import MartletEncoding
import Store
import Synchronization
import Testing

extension Database {
    /// An account that came from elsewhere.
    fileprivate func takeOver(_ name: String, externalID: String = "42", isActive: Bool = true) throws -> User {
        let new = ImportedUser(
            id: UserID("i-\(name)"), username: name, matchesExactly: false, email: nil, emailVerified: false, displayName: "",
            passwordHash: "hash", roles: [], isActive: isActive, createdAt: Self.start, lastLoginAt: nil, attributes: "{}",
            externalID: externalID)
        let outcome = try write { try $0.importUser(new, audit: Self.desk, at: Self.start) }
        guard case .created = outcome, let user = try user(new.id) else { throw Unexpected(outcome) }
        return user
    }

    fileprivate func request(
        _ id: String? = "j1", session: String = "s1", user: String = "42", issuedAt: UnixTime? = start, keeping: Bool = false,
        grace: Int64 = 30, at now: UnixTime
    ) -> ExchangeRequest {
        ExchangeRequest(
            token: OldToken(id: id, user: user, issuedAt: issuedAt), expiresAt: Self.start.adding(seconds: 86_400),
            session: newSession(session, for: UserID(""), at: now), maximumPerUser: 100, graceSeconds: grace, maximumRetries: 64,
            keepsToken: keeping)
    }

    fileprivate func exchange(_ request: ExchangeRequest, at now: UnixTime = start) throws -> ExchangeOutcome {
        try write { try $0.exchange(request, audit: Self.desk, at: now) }
    }

    fileprivate func accept(until end: UnixTime) throws {
        try write { try $0.acceptOldTokens(until: end, at: Self.start) }
    }

    fileprivate func state(_ id: String?, user: String = "42", issuedAt: UnixTime? = start, at now: UnixTime = start) throws
        -> OldTokenState
    {
        try read { try $0.state(of: OldToken(id: id, user: user, issuedAt: issuedAt), at: now) }
    }
}

extension Check {
    static let oldTokens: [Check] = [
        Check("an account is found by the name it had in the system that it came from") { database throws in
            let ada = try database.takeOver("ada")
            try database.makeUser("bob")
            #expect(try database.read { try $0.user(externalID: "42") } == ada)
            #expect(try database.read { try $0.user(externalID: "43") } == nil)
        },
        Check("an old token begins a session of its account, which is no login, and is noted and audited") { database throws in
            let ada = try database.takeOver("ada")
            guard case .begun(let session, let user) = try database.exchange(database.request(at: Database.start)) else {
                throw Unexpected("refused")
            }
            #expect(user == ada && session.userID == ada.id && session.counter == 0)
            #expect(try database.session(session, at: Database.start) == session)
            #expect(try database.state("j1") == .exchanged(session.id))
            #expect(try database.state("j2") == .unused)
            #expect(try database.user(ada.id)?.lastLoginAt == nil)
            #expect(try database.audit().map(\.action) == [.oldTokenExchanged])
            #expect(try database.audit().first?.target == "user:i-ada")
        },
        Check("again within the grace it is answered by the same session, and after that it is a replay, which ends it") {
            database throws in
            _ = try database.takeOver("ada")
            guard case .begun(let session, let user) = try database.exchange(database.request(at: Database.start)) else {
                throw Unexpected("refused")
            }
            let soon = Database.start.adding(milliseconds: 29_999)
            guard case .retried(let same, user) = try database.exchange(database.request(session: "s2", at: soon), at: soon) else {
                throw Unexpected("refused")
            }
            #expect(same.id == session.id && same.counter == 0 && same.accessExpiresAt == soon.adding(seconds: 600))
            let late = Database.start.adding(seconds: 30)
            #expect(try database.exchange(database.request(session: "s3", at: late), at: late) == .replayed)
            #expect(try database.session(session, at: late) == nil)
            #expect(try database.exchange(database.request(session: "s4", at: late), at: late) == .ended)
            #expect(try database.audit(AuditFilter(action: .refreshReplayed)).map(\.target) == ["session:s1"])
            #expect(try database.events().map(\.kind) == [.session])
        },
        Check("once its session was refreshed it is a replay, however early; with a grace of 0 at once") { database throws in
            _ = try database.takeOver("ada")
            guard case .begun(let session, _) = try database.exchange(database.request(at: Database.start)) else {
                throw Unexpected("refused")
            }
            _ = try database.rotate(session, counter: 0, at: Database.start)
            #expect(try database.exchange(database.request(session: "s2", at: Database.start)) == .replayed)
            _ = try database.exchange(database.request("j2", session: "s3", grace: 0, at: Database.start))
            #expect(try database.exchange(database.request("j2", session: "s4", grace: 0, at: Database.start)) == .replayed)
        },
        Check("kept, it stays good for that one session and as long as that lives") { database throws in
            _ = try database.takeOver("ada")
            guard case .begun(let session, _) = try database.exchange(database.request(keeping: true, at: Database.start)) else {
                throw Unexpected("refused")
            }
            let late = Database.start.adding(seconds: 3600)
            for name in ["s2", "s3"] {
                let outcome = try database.exchange(database.request(session: name, keeping: true, at: late), at: late)
                guard case .kept(let same, _) = outcome, same.id == session.id else { throw Unexpected(outcome) }
                #expect(same.accessExpiresAt == late.adding(seconds: 600) && same.refreshExpiresAt == session.refreshExpiresAt)
            }
            _ = try database.write { try $0.revoke(.session(session.id, ofUser: nil), reason: nil, audit: Database.desk, at: late) }
            #expect(try database.exchange(database.request(session: "s4", keeping: true, at: late), at: late) == .ended)
        },
        Check("fifty at once are one session") { database throws in
            _ = try database.takeOver("ada")
            let outcomes = Mutex<[ExchangeOutcome]>([])
            let left = Atomic<Int>(50)
            for index in 0..<50 {
                database.submit {
                    try $0.exchange(database.request(session: "s\(index)", at: Database.start), audit: Database.desk, at: Database.start)
                } completion: { result in
                    if case .success(let outcome) = result { outcomes.withLock { $0.append(outcome) } }
                    left.subtract(1, ordering: .releasing)
                }
            }
            // The writer takes verbs in their order: what is handed over last is done last.
            _ = try database.write { _ in 0 }
            #expect(left.load(ordering: .acquiring) == 0)
            let sessions = outcomes.withLock { $0 }.compactMap { outcome -> SessionID? in
                switch outcome {
                case .begun(let session, _), .retried(let session, _): session.id
                default: nil
                }
            }
            #expect(sessions.count == 50 && Set(sessions).count == 1)
            let live = try database.read { try $0.sessions(of: UserID("i-ada"), at: Database.start, page: Page()).items }
            #expect(live.count == 1)
        },
        Check("no session without an active account, without a jti, or by a refresh key that was replaced") { database throws in
            #expect(try database.exchange(database.request(at: Database.start)) == .noAccount)
            _ = try database.takeOver("ada", isActive: false)
            #expect(try database.exchange(database.request(at: Database.start)) == .noAccount)
            _ = try database.takeOver("bob", externalID: "43")
            #expect(try database.exchange(database.request(nil, user: "43", at: Database.start)) == .ended)
            #expect(try database.add(database.key("r9", .refresh, isActive: true)))
            #expect(try database.exchange(database.request(user: "43", at: Database.start)) == .staleKeys)
            #expect(try database.state("j1", user: "43") == .unused)
        },
        Check("one that was blacklisted elsewhere is never exchanged, and noted twice it is noted") { database throws in
            _ = try database.takeOver("ada")
            let end = Database.start.adding(seconds: 86_400)
            for _ in 0..<2 { try database.write { try $0.noteOldToken("j1", until: end) } }
            #expect(try database.exchange(database.request(at: Database.start)) == .ended)
            #expect(try database.state("j1") == .ended)
            let again = try database.write {
                try $0.blacklistOldToken("j1", until: end, reason: "out", audit: Database.desk, at: Database.start)
            }
            #expect(again == .alreadyDone)
        },
        Check("blacklisting one keeps it from being exchanged, or ends the session that it was exchanged for") { database throws in
            _ = try database.takeOver("ada")
            func blacklist(_ id: String) throws -> BlacklistOutcome {
                try database.write {
                    try $0.blacklistOldToken(
                        id, until: Database.start.adding(seconds: 86_400), reason: "out", audit: Database.desk, at: Database.start)
                }
            }
            #expect(try blacklist("j1") == .noted)
            #expect(try database.exchange(database.request(at: Database.start)) == .ended)
            guard case .begun(let session, _) = try database.exchange(database.request("j2", session: "s2", at: Database.start)) else {
                throw Unexpected("refused")
            }
            #expect(try blacklist("j2") == .sessionEnded)
            #expect(try database.session(session, at: Database.start) == nil)
            #expect(try blacklist("j2") == .alreadyDone)
            #expect(try database.exchange(database.request("j2", session: "s3", at: Database.start)) == .ended)
        },
        Check("what takes back all that an account has takes its old tokens back, by a clock that is ahead too, and none of later") {
            database throws in
            try database.accept(until: Database.start.adding(seconds: 1_000_000))
            let now = Database.start.adding(milliseconds: 5_500)
            let deeds: [(String, @Sendable (any StoreTransaction, UserID) throws -> Void)] = [
                ("revoked", { _ = try $0.revoke(.user($1), reason: nil, audit: Database.desk, at: now) }),
                ("password", { _ = try $0.changeUser($1, UserChange(passwordHash: "new"), audit: Database.desk, at: now) }),
                ("disabled", { _ = try $0.changeUser($1, UserChange(isActive: false), audit: Database.desk, at: now) }),
                ("deleted", { _ = try $0.deleteUser($1, ifVersion: nil, audit: Database.desk, at: now) }),
            ]
            for (name, deed) in deeds {
                let user = try database.takeOver(name, externalID: name)
                let before = try database.lastSequence()
                try database.write { try deed($0, user.id) }
                let event = try #require(try database.events(after: before).first { $0.kind == .client })
                #expect(event.target == "old-user:\(name)" && event.issuedBefore == Database.start.adding(seconds: 11))
                #expect(event.until == Database.start.adding(seconds: 1_000_060), "as long as such tokens are accepted")
                let issued = Database.start.adding(seconds: 5)
                #expect(try database.state("j", user: name, issuedAt: issued, at: now) == .ended)
                #expect(try database.state(nil, user: name, issuedAt: nil, at: now) == .ended)
                #expect(try database.state("j", user: name, issuedAt: issued.adding(seconds: 5), at: now) == .ended)
                #expect(try database.state("j", user: name, issuedAt: issued.adding(seconds: 6), at: now) == .unused)
            }
            let revoked = try database.exchange(database.request(user: "revoked", issuedAt: Database.start, at: now), at: now)
            #expect(revoked == .ended)
        },
        Check("other changes, and accounts made here, take back no old token; nor does anything before such tokens are accepted") {
            database throws in
            let ada = try database.takeOver("ada")
            _ = try database.write { try $0.revoke(.user(ada.id), reason: nil, audit: Database.desk, at: Database.start) }
            try database.accept(until: Database.start.adding(seconds: 1000))
            let bob = try database.makeUser("bob")
            _ = try database.write { transaction in
                _ = try transaction.revoke(.user(bob.id), reason: nil, audit: Database.desk, at: Database.start)
                return try transaction.changeUser(
                    ada.id, UserChange(displayName: "Ada", roles: ["r"]), audit: Database.desk, at: Database.start)
            }
            #expect(try database.events().allSatisfy { $0.kind != .client })
            #expect(try database.state("j1") == .unused)
        },
        Check("an old token that is revoked by its id alone is dead for as long as such tokens are accepted") { database throws in
            let end = Database.start.adding(seconds: 1_000_000)
            try database.accept(until: end)
            let event = try database.write {
                try $0.revoke(.token(id: "j1", until: nil), reason: nil, audit: Database.desk, at: Database.start)
            }
            #expect(event?.until == end.adding(seconds: 60))
            #expect(try database.state("j1", at: end) == .ended)
        },
        Check("a later end is the end of what was taken back before, an earlier one changes nothing") { database throws in
            let (first, second) = (Database.start.adding(seconds: 1000), Database.start.adding(seconds: 2000))
            try database.accept(until: first)
            let ada = try database.takeOver("ada")
            _ = try database.write { try $0.revoke(.user(ada.id), reason: nil, audit: Database.desk, at: Database.start) }
            try database.accept(until: Database.start.adding(seconds: 500))
            let before = try database.lastSequence()
            try database.accept(until: second)
            let events = try database.events(after: before)
            #expect(events.map(\.target) == ["old-user:42"] && events.first?.until == second.adding(seconds: 60))
            #expect(events.first?.issuedBefore == Database.start.adding(seconds: 6))
            try database.accept(until: second)
            #expect(try database.events(after: before).count == 1)
        },
        Check("what is noted of old tokens is forgotten when they are over") { database throws in
            let end = Database.start.adding(seconds: 100)
            try database.write { transaction in for index in 0..<20 { try transaction.noteOldToken("j\(index)", until: end) } }
            for now in [end.adding(milliseconds: -1), end] {
                for _ in 0..<40 {
                    try database.write {
                        try $0.record(.keyPromoted, target: nil, result: .success, detail: nil, audit: Database.desk, at: now)
                    }
                }
                for index in 0..<20 { #expect(try database.state("j\(index)", at: now) == (now < end ? .ended : .unused)) }
            }
        },
    ]
}
