// What ends a sign-in and tells the clients that it let in, what does not, and how the outbox is emptied by several at once.

import MartletEncoding
import Store
import Testing

extension Database {
    /// A client that a person let in from a sign-in: a code that was redeemed.
    @discardableResult
    fileprivate func letIn(_ client: String, by user: User, _ signIn: String = "b1", at now: UnixTime = start) throws -> Session {
        let hash = Array("\(client) \(signIn)".utf8)
        let code = AuthorizationCode(
            hash: hash, clientID: client, userID: user.id, redirectURI: "https://app.example/cb", challenge: Self.challenge, proofKey: nil,
            scope: "openid", details: "{}", browserSession: signIn, expiresAt: now.adding(seconds: 60))
        try write { try $0.addCode(code, at: now) }
        var redemption = Self.redemption(hash)
        redemption.clientID = client
        guard case .redeemed(_, let session, _) = try redeem(redemption, session: "\(client) of \(signIn)", at: now) else {
            throw Unexpected("no session")
        }
        return session
    }

    fileprivate func take(_ limit: Int = 100, except client: String? = nil, at seconds: Int64 = 0) throws -> [LogoutNotice] {
        try write { try $0.takeLogoutNotices(limit: limit, except: client, leaseSeconds: 10, at: Self.start.adding(seconds: seconds)) }
    }

    /// Who is told of which sign-in, once each.
    fileprivate func told(at seconds: Int64 = 0) throws -> [String] { try take(at: seconds).map { "\($0.clientID) \($0.signIn)" }.sorted() }

    fileprivate func settle(_ notice: LogoutNotice, _ outcome: LogoutNoticeOutcome, at seconds: Int64 = 0) throws {
        try write { try $0.settle(notice, outcome, at: Self.start.adding(seconds: seconds)) }
    }

    fileprivate func signOut(cookie: UInt8 = 1, andSessions: Bool = true) throws {
        _ = try write { try $0.endBrowserSession(cookieHash: [cookie], andSessions: andSessions, audit: Self.desk, at: Self.start) }
    }
}

extension Check {
    static let logout: [Check] = [
        Check("signing out tells each client that the sign-in let in, once, and no other") { database throws in
            let (ada, bob) = (try database.makeUser("ada"), try database.makeUser("bob"))
            try database.signIn(ada)
            try database.signIn(bob, "b2", cookie: 2)
            for client in ["app", "shop"] { try database.letIn(client, by: ada) }
            try database.letIn("app", by: bob, "b2")
            let entered = try database.read { try $0.clients(ofBrowserSession: "b1") }
            #expect(entered == ["app", "shop"].map { SignedInClient(clientID: $0, signIn: "b1") })
            #expect(try !database.read { try $0.hasDueLogoutNotice(except: nil, at: Database.start) })
            try database.signOut()
            #expect(try database.read { try $0.hasDueLogoutNotice(except: nil, at: Database.start) })
            #expect(try database.read { try $0.logoutNoticeCount() } == 2)
            let notices = try database.take()
            #expect(Set(notices.map(\.clientID)) == ["app", "shop"] && Set(notices.map(\.id)).count == 2)
            #expect(notices.allSatisfy { $0.userID == ada.id && $0.signIn == "b1" && $0.attempts == 0 && $0.createdAt == Database.start })
            #expect(try database.read { try $0.clients(ofBrowserSession: "b1") }.isEmpty)
            #expect(try database.read { try $0.clients(ofBrowserSession: "b2") }.count == 1)
        },
        Check("what tells the clients, and what does not") { database throws in
            let desk = Database.desk
            let ends: [(String, @Sendable (any StoreTransaction, User) throws -> Void, [String])] = [
                (
                    "a new password",
                    { _ = try $0.changeUser($1.id, UserChange(passwordHash: "new"), audit: desk, at: Database.start) }, ["app", "shop"]
                ),
                (
                    "a disabled account", { _ = try $0.changeUser($1.id, UserChange(isActive: false), audit: desk, at: Database.start) },
                    ["app", "shop"]
                ),
                ("a deleted account", { _ = try $0.deleteUser($1.id, ifVersion: nil, audit: desk, at: Database.start) }, ["app", "shop"]),
                (
                    "everything taken back", { _ = try $0.revoke(.user($1.id), reason: nil, audit: desk, at: Database.start) },
                    ["app", "shop"]
                ),
                (
                    "one client taken back by its user",
                    { _ = try $0.withdrawConsent(of: $1.id, to: "app", audit: desk, at: Database.start) }, ["app"]
                ),
                ("other roles", { _ = try $0.changeUser($1.id, UserChange(roles: ["staff"]), audit: desk, at: Database.start) }, []),
            ]
            for (number, (what, end, clients)) in ends.enumerated() {
                let user = try database.makeUser("user\(number)")
                let signIn = "b\(number)"
                try database.signIn(user, signIn, cookie: UInt8(number))
                for client in ["app", "shop"] { try database.letIn(client, by: user, signIn) }
                try database.write { try end($0, user) }
                #expect(try database.told() == clients.map { "\($0) \(signIn)" }, "\(what)")
            }
        },
        Check("one session that ends is no sign-out, nor is a sign-in that ends alone") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            let session = try database.letIn("app", by: ada)
            _ = try database.revoke(.session(session.id, ofUser: ada.id))
            try database.signOut(andSessions: false)
            #expect(try database.told().isEmpty)
        },
        Check("everything taken back ends the sign-ins as well") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            _ = try database.revoke(.user(ada.id))
            #expect(try database.read { try $0.browserSession(cookieHash: [1], at: Database.start) } == nil)
        },
        Check("a code that is out when its sign-in is signed out is good for nothing") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.addCode(for: ada)
            try database.signOut()
            #expect(try database.redeem() == .refused)
            #expect(try database.told().isEmpty)
        },
        Check("who proves the password again keeps what they signed in to, and signs out of all of it") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            let first = try database.letIn("app", by: ada)
            try database.signIn(ada, "b2", cookie: 2, replacing: 1)
            try database.letIn("app", by: ada, "b2")
            #expect(try database.session(first, at: Database.start) != nil)
            #expect(try database.read { try $0.clients(ofBrowserSession: "b2") }.map(\.signIn) == ["b1", "b2"])
            try database.signOut(cookie: 2)
            #expect(try database.session(first, at: Database.start) == nil)
            // Each by the name that the client was told.
            #expect(try database.told() == ["app b1", "app b2"])
        },
        Check("another person who signs in with the same browser signs the one before out") { database throws in
            let (ada, bob) = (try database.makeUser("ada"), try database.makeUser("bob"))
            try database.signIn(ada)
            let session = try database.letIn("app", by: ada)
            try database.signIn(bob, "b2", cookie: 2, replacing: 1)
            #expect(try database.session(session, at: Database.start) == nil)
            #expect(try database.told() == ["app b1"])
            #expect(try database.read { try $0.browserSession(cookieHash: [2], at: Database.start) }?.userID == bob.id)
        },
        Check("a notice is one taker's for a while, and due again after that", needsTwoInstances: true) { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            for client in ["a", "b", "c"] { try database.letIn(client, by: ada) }
            try database.signOut()
            let other = Database(store: try database.openAnother(), openAnother: database.openAnother)
            defer { other.store.close() }
            let (mine, theirs) = (try database.take(2), try other.take())
            #expect(mine.count == 2 && theirs.count == 1)
            #expect(Set((mine + theirs).map(\.clientID)) == ["a", "b", "c"])
            #expect(try database.take(at: 9).isEmpty && other.take(at: 9).isEmpty)
            #expect(try !database.read { try $0.hasDueLogoutNotice(except: nil, at: Database.start.adding(seconds: 9)) })
            try other.settle(theirs[0], .settled)
            #expect(try Set(database.take(at: 10).map(\.id)) == Set(mine.map(\.id)))
        },
        Check("a notice that failed is due later, one that was put off was not tried, one that is settled is gone") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.letIn("app", by: ada)
            try database.signOut()
            let notice = try #require(try database.take().first)
            try database.settle(notice, .failed(retryAt: Database.start.adding(seconds: 100)))
            #expect(try database.take(at: 99).isEmpty)
            #expect(try database.take(at: 100).map(\.attempts) == [1])
            try database.settle(notice, .postponed(Database.start.adding(seconds: 200)), at: 100)
            #expect(try database.take(at: 200).map(\.attempts) == [1])
            try database.settle(notice, .settled, at: 200)
            #expect(try database.read { try $0.logoutNoticeCount() } == 0)
            #expect(try database.audit(AuditFilter(action: .logoutUndelivered)).isEmpty)
        },
        Check("a notice that is given up stands in the trail, once") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.letIn("app", by: ada)
            try database.signOut()
            let notice = try #require(try database.take().first)
            for _ in 0..<2 { try database.settle(notice, .givenUp(reason: "nobody there")) }
            let trail = try database.audit(AuditFilter(action: .logoutUndelivered))
            #expect(trail.map(\.target) == ["client:app"] && trail.first?.detail == "nobody there")
            #expect(trail.first?.result == .failure && trail.first?.actor == "system")
            #expect(try database.read { try $0.logoutNoticeCount() } == 0)
        },
        Check("who was let in is remembered as long as the sign-in or a session of it may live") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.letIn("app", by: ada)
            func left(at seconds: Int64) throws -> Int {
                for _ in 0..<40 {
                    try database.write {
                        try $0.record(
                            .keyPromoted, target: nil, result: .success, detail: nil, audit: Database.desk,
                            at: Database.start.adding(seconds: seconds))
                    }
                }
                return try database.read { try $0.clients(ofBrowserSession: "b1") }.count
            }
            #expect(try left(at: 863_999) == 1)
            #expect(try left(at: 864_000) == 0)
        },
        Check("sessions of clients are told apart from a person's own, and from those of others and of administrators") { database throws in
            let (ada, bob) = (try database.makeUser("ada"), try database.makeUser("bob"))
            try database.begin("own", for: ada)
            try database.begin("his", for: bob, client: "app")
            try database.begin("acting", for: ada, client: "impersonation:u-bob")
            let mine = try [database.begin("s1", for: ada, client: "app"), database.begin("s2", for: ada, client: "https://c.example/d")]
            func ids(at seconds: Int64) throws -> [SessionID] {
                try database.read { try $0.clientSessions(of: ada.id, at: Database.start.adding(seconds: seconds)) }.map(\.id)
            }
            #expect(try ids(at: 0) == mine.map(\.id))
            #expect(try ids(at: 86_400).isEmpty)
        },
    ]
}
