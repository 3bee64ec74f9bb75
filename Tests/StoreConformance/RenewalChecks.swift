// What the renewal of an access token must do, the table line by line; and sessions that administrators begin as others.

import MartletEncoding
import Store
import Testing

extension Database {
    /// Presents an access token of the session.
    func renew(
        _ session: Session, sid: String? = nil, user: UserID? = nil, jti: String = "jti", key: String? = nil, actor: UserID? = nil,
        signing: String? = nil, marks: [KeyMark] = [], at now: UnixTime
    ) throws -> RenewalOutcome {
        let request = RenewalRequest(
            accessSessionID: sid ?? session.accessSessionID, user: user ?? session.userID, tokenID: jti, keyID: key, actor: actor,
            signingKeyID: signing, accessExpiresAt: now.adding(seconds: 600), keyMarks: marks)
        return try write { try $0.renew(request, at: now) }
    }

    /// What comes of an administrator's asking for a session of somebody else's.
    func impersonate(
        _ id: String, _ user: UserID, by administrator: UserID, with session: Session, at now: UnixTime = start
    ) throws -> ImpersonationOutcome {
        let new = newSession(id, for: user, at: now)
        return try write {
            try $0.impersonate(
                new, by: administrator, with: session.accessSessionID, maximumPerUser: 100,
                audit: AuditContext(actor: .user(administrator)), at: now)
        }
    }
}

extension Check {
    static let renewal: [Check] = [
        Check("an access token is renewed: its mark and the time of use move, the ends of session and refresh token do not") { database in
            #expect(try database.add(database.key("a1", isActive: true)))
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            let later = Database.start.adding(seconds: 500)
            let mark = KeyMark(keyID: "a1", expiresAt: later.adding(seconds: 4200))
            for _ in 0..<2 {
                let outcome = try database.renew(session, key: "a1", signing: "a1", marks: [mark], at: later)
                var expected = session
                expected.accessExpiresAt = later.adding(seconds: 600)
                expected.lastUsedAt = later
                guard case .renewed(let renewed, let user) = outcome else { throw Unexpected(outcome) }
                #expect(renewed == expected && user.id == ada.id)
                #expect(try database.session(session, at: later) == expected)
            }
            #expect(try database.read { try $0.keys(includingRetired: false) }.first?.lastTokenExpiresAt == mark.expiresAt)
            guard case .rotated = try database.rotate(session, counter: 0, at: later) else { throw Unexpected("refused") }
        },
        Check("a session that ends takes back what was renewed") { database in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let later = Database.start.adding(seconds: 500)
            _ = try database.renew(session, at: later)
            #expect(try database.revoke(.session(session.id, ofUser: nil), at: later)?.until == later.adding(seconds: 660))
            #expect(try database.renew(session, at: later) == .ended)
        },
        Check("from the end of its refresh token on a session is late, however long its access tokens live") { database in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let last = session.refreshExpiresAt.adding(milliseconds: -1)
            guard case .renewed(let renewed, _) = try database.renew(session, at: last) else { throw Unexpected("refused") }
            #expect(renewed.refreshExpiresAt == session.refreshExpiresAt)
            #expect(try database.renew(session, at: session.refreshExpiresAt) == .late)
        },
        Check("of no such session, of somebody else's or of an earlier epoch nothing is renewed") { database in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            let bob = try database.makeUser("bob")
            #expect(try database.renew(session, sid: "s2", at: Database.start) == .ended)
            #expect(try database.renew(session, sid: "s1.0", at: Database.start) == .ended)
            #expect(try database.renew(session, sid: "s1.1", at: Database.start) == .ended)
            #expect(try database.renew(session, user: bob.id, at: Database.start) == .ended)
            _ = try database.change(ada, UserChange(roles: ["staff"]))
            #expect(try database.renew(session, at: Database.start) == .ended)
            guard case .renewed = try database.renew(session, sid: "s1.1", at: Database.start) else { throw Unexpected("refused") }
        },
        Check("a token that was taken back by its jti is not renewed, whenever the caller looked") { database in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.revoke(.token(id: "jti", until: nil))
            #expect(try database.renew(session, at: Database.start) == .ended)
            guard case .renewed = try database.renew(session, jti: "another", at: Database.start) else { throw Unexpected("refused") }
        },
        Check("a disabled account's tokens and a deleted one's are not renewed") { database in
            for (name, isDeleted) in [("ada", false), ("bob", true)] {
                let user = try database.makeUser(name)
                let session = try database.begin("of \(name)", for: user)
                if isDeleted {
                    _ = try database.write { try $0.deleteUser(user.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
                } else {
                    _ = try database.change(user, UserChange(isActive: false))
                }
                #expect(try database.renew(session, at: Database.start) == .ended)
            }
        },
        Check("what a replaced key signed is not renewed, and nothing is signed by one") { database in
            #expect(try database.add(database.key("a1", isActive: true)))
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            try database.write { try $0.replaceKeys(with: [database.key("a2")], audit: Database.desk, at: Database.start) }
            let before = try database.session(session, at: Database.start)
            #expect(try database.renew(session, key: "a2", signing: "a1", at: Database.start) == .staleKeys)
            #expect(try database.renew(session, key: "a1", signing: "a2", at: Database.start) == .ended)
            #expect(try database.session(session, at: Database.start) == before)
            guard case .renewed = try database.renew(session, key: "a2", signing: "a2", at: Database.start) else {
                throw Unexpected("refused")
            }
        },
        Check("a token by which somebody acts for the user is renewed while they administer") { database in
            let root = try database.makeUser("root", roles: ["admin"])
            _ = try database.makeUser("other root", roles: ["admin"])
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            guard case .renewed = try database.renew(session, actor: root.id, at: Database.start) else { throw Unexpected("refused") }
            _ = try database.change(root, UserChange(roles: []))
            #expect(try database.renew(session, actor: root.id, at: Database.start) == .ended)
            #expect(try database.renew(session, actor: UserID("nobody"), at: Database.start) == .ended)
        },
        Check("of fifty renewals at once all succeed, and none after a revocation is answered") { database in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let outcomes = Gathered<RenewalOutcome>()
            let request = RenewalRequest(
                accessSessionID: "s1", user: session.userID, tokenID: "jti", keyID: nil, signingKeyID: nil,
                accessExpiresAt: Database.start.adding(seconds: 600), keyMarks: [])
            for _ in 0..<50 { database.submit({ try $0.renew(request, at: Database.start) }) { outcomes.add($0) } }
            #expect(try outcomes.wait(for: 50).allSatisfy { if case .renewed = $0 { true } else { false } })
            _ = try database.revoke(.session(session.id, ofUser: nil))
            #expect(try database.renew(session, at: Database.start) == .ended)
        },
    ]

    static let impersonation: [Check] = [
        Check("an administrator's session as another is that one's, audited, and no login of theirs") { database in
            let root = try database.makeUser("root", roles: ["admin"])
            let ada = try database.makeUser("ada")
            let own = try database.begin("root's", for: root)
            let outcome = try database.impersonate("s1", ada.id, by: root.id, with: own)
            guard case .begun(let session, let user) = outcome else { throw Unexpected(outcome) }
            #expect(session.userID == ada.id && user == ada && session.clientID == "impersonation:u-root")
            #expect(try database.session(session, at: Database.start) == session)
            #expect(try database.user(ada.id)?.lastLoginAt == nil)
            #expect(
                try database.read { try $0.hasLoggedIn(ada.id, from: LoginAddress("192.0.2.1"), since: UnixTime(seconds: 0)) } == false)
            let line = try database.audit(AuditFilter(action: .userImpersonated)).first
            #expect(line?.actor == "user:u-root" && line?.target == "user:u-ada" && line?.detail == "session:s1")
            #expect(try database.audit(AuditFilter(action: .loginSucceeded)).map(\.target) == ["user:u-root"])
        },
        Check("nobody begins one who does not administer, or by a session that is not theirs or has ended") { database in
            let root = try database.makeUser("root", roles: ["admin"])
            let ada = try database.makeUser("ada")
            let bob = try database.makeUser("bob")
            let (roots, bobs) = (try database.begin("root's", for: root), try database.begin("bob's", for: bob))
            #expect(try database.impersonate("s1", ada.id, by: bob.id, with: bobs) == .notAdministrator)
            #expect(try database.impersonate("s1", ada.id, by: root.id, with: bobs) == .notAdministrator)
            _ = try database.revoke(.session(roots.id, ofUser: nil))
            #expect(try database.impersonate("s1", ada.id, by: root.id, with: roots) == .notAdministrator)
            #expect(try database.audit(AuditFilter(action: .userImpersonated)).isEmpty)
        },
        Check("never as another administrator, as a disabled account or as nobody") { database in
            let root = try database.makeUser("root", roles: ["admin"])
            let other = try database.makeUser("other", roles: ["admin"])
            let ada = try database.makeUser("ada")
            _ = try database.change(ada, UserChange(isActive: false))
            let own = try database.begin("root's", for: root)
            #expect(try database.impersonate("s1", other.id, by: root.id, with: own) == .isAdministrator)
            #expect(try database.impersonate("s1", root.id, by: root.id, with: own) == .isAdministrator)
            #expect(try database.impersonate("s1", ada.id, by: root.id, with: own) == .isInactive)
            #expect(try database.impersonate("s1", UserID("nobody"), by: root.id, with: own) == .notFound)
        },
        Check("they end with the administrator's office, password, account and sessions, at once") { database in
            _ = try database.makeUser("last", roles: ["admin"])
            let ends: [(String, @Sendable (User) throws -> Void)] = [
                ("demoted", { _ = try database.change($0, UserChange(roles: [])) }),
                ("disabled", { _ = try database.change($0, UserChange(isActive: false)) }),
                ("renewed", { _ = try database.change($0, UserChange(passwordHash: "another", keepingSession: SessionID("renewed's"))) }),
                (
                    "deleted",
                    { user in
                        _ = try database.write { try $0.deleteUser(user.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
                    }
                ),
                ("revoked", { _ = try database.revoke(.user($0.id)) }),
            ]
            for (name, end) in ends {
                let root = try database.makeUser(name, roles: ["admin"])
                let own = try database.begin("\(name)'s", for: root)
                let ada = try database.makeUser("prey of \(name)")
                let outcome = try database.impersonate("as prey of \(name)", ada.id, by: root.id, with: own)
                guard case .begun(let session, _) = outcome else { throw Unexpected(outcome) }
                let before = try database.lastSequence()
                try end(root)
                let events = try database.events(after: before).filter { $0.kind == .client }
                #expect(events.map(\.target) == ["impersonation:u-\(name)"], "\(name)")
                #expect(events.first.map { $0.issuedBefore == UnixTime(seconds: Database.start.seconds + 1) } == true, "\(name)")
                #expect(events.first.map { $0.until >= session.accessExpiresAt.adding(seconds: 60) } == true, "\(name)")
                #expect(try database.session(session, at: Database.start) == nil, "\(name)")
                #expect(try database.session(database.begin("own of \(name)", for: ada), at: Database.start) != nil, "\(name)")
            }
        },
        Check("one logout of the administrator's ends none of them, and who began none leaves no trace") { database in
            let root = try database.makeUser("root", roles: ["admin"])
            let (own, other) = (try database.begin("root's", for: root), try database.begin("root's other", for: root))
            let ada = try database.makeUser("ada")
            guard case .begun(let session, _) = try database.impersonate("s1", ada.id, by: root.id, with: own) else {
                throw Unexpected("refused")
            }
            _ = try database.revoke(.session(other.id, ofUser: nil))
            #expect(try database.session(session, at: Database.start) != nil)
            _ = try database.revoke(.user(ada.id))
            #expect(try database.events().allSatisfy { $0.kind != .client })
        },
        Check("an account is found by the name it had elsewhere, and by no other account's id") { database in
            let ada = try database.makeUser("ada")
            #expect(try database.read { try $0.user(externalID: ada.id.text) } == nil)
            #expect(try database.read { try $0.user(externalID: "") } == nil)
        },
    ]
}
