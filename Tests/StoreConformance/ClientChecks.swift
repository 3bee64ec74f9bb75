// What clients, consents and sign-ins must do.

import MartletEncoding
import Store
import Testing

extension Check {
    static let clients: [Check] = [
        Check("a client is as it was registered, and its id is taken") { database throws in
            let client = Database.client("app")
            #expect(try database.write { try $0.addClient(client, audit: Database.desk) })
            #expect(try database.read { try $0.client("app") } == client)
            #expect(try !database.write { try $0.addClient(client, audit: Database.desk) })
            #expect(try database.events().map(\.kind) == [.registration])
            #expect(try database.read { try $0.liveEvents(at: Database.start) }.isEmpty)
        },
        Check("a client changes by its version, and everybody hears of it") { database throws in
            var client = Database.client("app")
            _ = try database.write { [client] in try $0.addClient(client, audit: Database.desk) }
            client.secret = nil
            client.metadata = "{\"client_name\":\"New\"}"
            let later = Database.start.adding(seconds: 1)
            let outcome = try database.write { [client] in try $0.changeClient(client, audit: Database.desk, at: later) }
            guard case .changed(let changed) = outcome else { throw Unexpected(outcome) }
            #expect(changed.version == 2 && changed.updatedAt == later && changed.createdAt == Database.start)
            #expect(try database.read { try $0.client("app") } == changed)
            let stale = client
            #expect(try database.write { try $0.changeClient(stale, audit: Database.desk, at: later) } == .versionMismatch)
            let none = Database.client("none")
            #expect(try database.write { try $0.changeClient(none, audit: Database.desk, at: later) } == .notFound)
            #expect(try database.events().map(\.kind) == [.registration, .registration])
        },
        Check("a client that is removed takes its tokens, codes and consents along") { database throws in
            let ada = try database.makeUser("ada")
            _ = try database.write { try $0.addClient(Database.client("app"), audit: Database.desk) }
            let session = try database.begin("s1", for: ada, client: "app")
            try database.addCode(for: ada)
            try database.consent(ada, "app", "read")
            #expect(try database.write { try $0.removeClient("app", audit: Database.desk, at: Database.start) })
            #expect(try database.session(session, at: Database.start) == nil)
            #expect(try database.redeem() == .refused)
            #expect(try database.read { try $0.consents(of: ada.id) }.isEmpty)
            #expect(try database.read { try $0.client("app") } == nil)
            #expect(try database.read { try $0.liveEvents(at: Database.start) }.map(\.kind) == [.client])
            #expect(try !database.write { try $0.removeClient("app", audit: Database.desk, at: Database.start) })
        },
        Check("an anonymous client that was never used leaves no event when it is removed, and a used one does") { database throws in
            let ada = try database.makeUser("ada")
            for id in ["used", "unused"] {
                var client = Database.client(id)
                client.origin = .anonymous
                _ = try database.write { [client] in try $0.addClient(client, audit: Database.desk) }
            }
            _ = try database.begin("s1", for: ada, client: "used")
            for id in ["used", "unused"] {
                #expect(try database.write { try $0.removeClient(id, audit: Database.desk, at: Database.start) })
            }
            #expect(try database.read { try $0.liveEvents(at: Database.start) }.map(\.target) == ["used"])
        },
        Check("a client that nobody used in its time goes, and one that somebody did is kept for good") { database throws in
            let (ada, until) = (try database.makeUser("ada"), Database.start.adding(seconds: 100))
            for id in ["with a session", "with a consent", "unused", "later", "for ever"] {
                var client = Database.client(id)
                client.unusedUntil = id == "for ever" ? nil : id == "later" ? until.adding(seconds: 1) : until
                _ = try database.write { [client] in try $0.addClient(client, audit: Database.desk) }
            }
            _ = try database.begin("s1", for: ada, client: "with a session")
            try database.consent(ada, "with a consent", "read")
            func remove(at now: UnixTime, limit: Int = 10) throws -> Int {
                try database.write { try $0.removeUnusedClients(limit: limit, audit: Database.desk, at: now) }
            }
            #expect(try remove(at: Database.start) == 0)
            let before = try database.lastSequence()
            #expect(try remove(at: until, limit: 2) + remove(at: until) == 3)
            #expect(try remove(at: until) == 0)
            #expect(try database.events(after: before).map(\.target) == ["unused"])
            let left = try database.read { try $0.clients(page: Page()) }.items
            #expect(Set(left.map(\.id)) == ["with a session", "with a consent", "later", "for ever"])
            #expect(left.filter { $0.unusedUntil != nil }.map(\.id) == ["later"])
        },
        Check("clients are listed newest first, page by page") { database throws in
            for number in 0..<5 {
                let client = Database.client("app\(number)", at: Database.start.adding(seconds: Int64(number)))
                _ = try database.write { try $0.addClient(client, audit: Database.desk) }
            }
            let first = try database.read { try $0.clients(page: Page(limit: 3)) }
            let second = try database.read { try $0.clients(page: Page(limit: 3, cursor: first.next)) }
            #expect(first.items.map(\.id) == ["app4", "app3", "app2"] && second.items.map(\.id) == ["app1", "app0"])
            #expect(second.next == nil)
        },
        Check("a consent grows where that says no more than was said, and is one for each client") { database throws in
            let ada = try database.makeUser("ada")
            try database.consent(ada, "other", "openid")
            let (a, b) = ("https://a.example", "https://b.example")
            // One after another: the yes, and what is remembered then.
            let cases: [(scope: String, resources: [String], remembered: String, at: [String], why: String)] = [
                ("read", [a], "read", [a], "the first"),
                ("read write", [a], "read write", [a], "more at the same API"),
                ("write read", [b], "read write", [a, b], "the same at another API"),
                ("read", [a], "read write", [a, b], "less than before"),
                ("openid", [b], "openid", [b], "openid was not said for the one, nor read for the other"),
                ("openid", [], "openid", [], "the default audience is not among APIs that were named"),
                ("openid read", [], "openid read", [], "more at the default audience"),
                ("openid read", [a], "openid read", [a], "nor are they the default audience"),
            ]
            for (scope, resources, remembered, at, why) in cases {
                try database.consent(ada, "app", scope, resources)
                let consent = try database.read { try $0.consent(of: ada.id, to: "app") }
                #expect(consent?.scope == remembered && consent?.resources == at, "\(why)")
            }
            #expect(try database.read { try $0.consents(of: ada.id) }.map(\.clientID) == ["app", "other"])
        },
        Check("a consent that is withdrawn ends what the client has of this person, and of no other") { database throws in
            let (ada, bob) = (try database.makeUser("ada"), try database.makeUser("bob"))
            try database.consent(ada, "app", "read")
            try database.consent(bob, "app", "read")
            let hers = try database.begin("s1", for: ada, client: "app")
            let his = try database.begin("s2", for: bob, client: "app")
            let own = try database.begin("s3", for: ada)
            try database.addCode(for: ada)
            #expect(try database.withdraw(ada, "app"))
            #expect(try database.session(hers, at: Database.start) == nil)
            #expect(try database.session(his, at: Database.start) != nil)
            #expect(try database.session(own, at: Database.start) != nil)
            #expect(try database.redeem() == .refused)
            #expect(try database.read { try $0.consent(of: ada.id, to: "app") } == nil)
            #expect(try database.read { try $0.liveEvents(at: Database.start) }.map(\.target) == ["s1"])
            #expect(try !database.withdraw(ada, "app"))
            // The first-party login is no client's.
            #expect(try !database.withdraw(ada, "martlet"))
            #expect(try database.session(own, at: Database.start) != nil)
        },
    ]

    static let signIns: [Check] = [
        Check("a sign-in is found by its cookie until it is not used, and until its own end") { database throws in
            let ada = try database.makeUser("ada")
            let signIn = try database.signIn(ada)
            func found(_ cookie: UInt8, _ seconds: Int64) throws -> BrowserSession? {
                try database.read { try $0.browserSession(cookieHash: [cookie], at: Database.start.adding(seconds: seconds)) }
            }
            #expect(try found(1, 599) == signIn)
            #expect(try found(1, 600) == nil)
            #expect(try found(2, 0) == nil)
            try database.write { try $0.useBrowserSession("b1", idleUntil: Database.start.adding(seconds: 5000)) }
            #expect(try found(1, 3599) != nil)
            #expect(try found(1, 3600) == nil)
        },
        Check("a browser has one sign-in: the one before ends with the next") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.signIn(ada, "b2", cookie: 2, replacing: 1)
            #expect(try database.read { try $0.browserSession(cookieHash: [1], at: Database.start) } == nil)
            #expect(try database.read { try $0.browserSession(cookieHash: [2], at: Database.start) } != nil)
        },
        Check("nobody is signed in after a new password, nor to an account that is disabled or gone") { database throws in
            for (number, change) in [UserChange(passwordHash: "new"), UserChange(isActive: false)].enumerated() {
                let user = try database.makeUser("user\(number)")
                try database.signIn(user, "b\(number)", cookie: UInt8(number))
                _ = try database.change(user, change)
                #expect(try database.read { try $0.browserSession(cookieHash: [UInt8(number)], at: Database.start) } == nil)
            }
            let ada = try database.makeUser("ada")
            try database.signIn(ada, "b9", cookie: 9)
            _ = try database.write { try $0.deleteUser(ada.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
            #expect(try database.read { try $0.browserSession(cookieHash: [9], at: Database.start) } == nil)
        },
        Check("a sign-in goes on by its name with another cookie, whatever became of the one before") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada, "b1", cookie: 1)
            try database.signIn(ada, "b1", cookie: 2, replacing: 1)
            try database.signIn(ada, "b1", cookie: 3, replacing: 1)
            let found = try [1, 2, 3].map { (cookie: UInt8) in
                try database.read { try $0.browserSession(cookieHash: [cookie], at: Database.start) }?.id
            }
            #expect(found == [nil, nil, "b1"])
        },
        Check("a login that is noted is the account's last, and its address is known there") { database throws in
            let ada = try database.makeUser("ada")
            let (address, now) = (LoginAddress("c0000201"), Database.start.adding(seconds: 5))
            try database.write { try $0.noteLogin(of: ada.id, from: address, at: now) }
            #expect(try database.read { try $0.user(ada.id) }?.lastLoginAt == now)
            #expect(try database.read { try $0.hasLoggedIn(ada.id, from: address, since: now) })
            #expect(try !database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress("c0000202"), since: Database.start) })
        },
        Check("no sign-in begins for an account that changed since its password was checked") { database throws in
            let ada = try database.makeUser("ada")
            _ = try database.change(ada, UserChange(passwordHash: "new"))
            let outcome = try database.write {
                try $0.beginBrowserSession(
                    Database.browserSession("b1", 1, for: ada), ifUserVersion: ada.version, replacing: nil, audit: Database.desk,
                    at: Database.start)
            }
            #expect(outcome == .accountChanged)
        },
        Check("signing out ends the sign-in, and the sessions that came from it when that is asked for") { database throws in
            let ada = try database.makeUser("ada")
            try database.signIn(ada)
            try database.addCode(for: ada)
            guard case .redeemed(_, let session, _) = try database.redeem() else { throw Unexpected("no session") }
            let other = try database.begin("s2", for: ada, client: "app")
            func end(_ all: Bool) throws -> BrowserSession? {
                try database.write {
                    try $0.endBrowserSession(cookieHash: [1], andSessions: all, audit: Database.desk, at: Database.start)
                }
            }
            #expect(try end(false)?.id == "b1")
            #expect(try database.session(session, at: Database.start) != nil)
            #expect(try end(true) == nil)
            try database.signIn(ada)
            #expect(try end(true)?.userID == ada.id)
            #expect(try database.session(session, at: Database.start) == nil)
            #expect(try database.session(other, at: Database.start) != nil)
        },
    ]
}

extension Database {
    static func client(_ id: String, at now: UnixTime = start) -> OAuthClient {
        OAuthClient(
            id: id, origin: .operator, secret: [1, 2], registrationToken: [3], metadata: "{\"client_name\":\"App\"}", createdAt: now,
            updatedAt: now)
    }

    func consent(_ user: User, _ client: String, _ scope: String, _ resources: [String] = []) throws {
        let consent = Consent(userID: user.id, clientID: client, scope: scope, resources: resources, grantedAt: Self.start)
        try write { try $0.giveConsent(consent, audit: Self.desk) }
    }

    func withdraw(_ user: User, _ client: String) throws -> Bool {
        try write { try $0.withdrawConsent(of: user.id, to: client, audit: Self.desk, at: Self.start) }
    }

    /// Lives 600 s without use and 3,600 s at most.
    static func browserSession(_ id: String, _ cookie: UInt8, for user: User) -> BrowserSession {
        BrowserSession(
            id: id, cookieHash: [cookie], userID: user.id, authenticatedAt: start, methods: ["pwd"], createdAt: start,
            idleExpiresAt: start.adding(seconds: 600), expiresAt: start.adding(seconds: 3600), ip: "192.0.2.1", userAgent: "desk")
    }

    @discardableResult
    func signIn(_ user: User, _ id: String = "b1", cookie: UInt8 = 1, replacing: UInt8? = nil) throws -> BrowserSession {
        let outcome = try write {
            try $0.beginBrowserSession(
                Self.browserSession(id, cookie, for: user), ifUserVersion: user.version, replacing: replacing.map { [$0] },
                audit: Self.desk, at: Self.start)
        }
        guard case .begun(let session, _) = outcome else { throw Unexpected(outcome) }
        return session
    }
}
