// What the audit trail must say.

import MartletEncoding
import Store
import Testing

extension Check {
    static let auditTrail: [Check] = [
        Check("a line says who did what to whom, from where, and how it ended") { database throws in
            let context = AuditContext(actor: .user(UserID("u1")), ip: "192.0.2.7", userAgent: "browser\u{0}x", requestID: "r-9")
            try database.write {
                try $0.record(
                    .tokenRevoked, target: "token:j1", result: .failure, detail: "why", audit: context, at: Database.start)
            }
            let line = try database.audit().first
            #expect(line?.actor == "user:u1" && line?.action == .tokenRevoked && line?.target == "token:j1")
            #expect(line?.ip == "192.0.2.7" && line?.userAgent == "browser\u{0}x" && line?.requestID == "r-9")
            #expect(line?.result == .failure && line?.detail == "why" && line?.count == 1 && line?.at == Database.start)
        },
        Check("failed logins of one account, address and minute are one line with a count") { database throws in
            func fail(_ name: String, _ ip: String?, _ seconds: Int64) throws {
                let now = Database.start.adding(seconds: seconds)
                let context = AuditContext(actor: .anonymous, ip: ip)
                try database.write {
                    try $0.record(.loginFailed, target: name, result: .failure, detail: nil, audit: context, at: now)
                }
            }
            for second in 0..<3 { try fail("ada", "192.0.2.1", Int64(second)) }
            try fail("ada", "192.0.2.2", 0)
            try fail("bob", "192.0.2.1", 0)
            try fail("ada", "192.0.2.1", 60)
            try fail("eve", nil, 0)
            try fail("eve", nil, 1)
            let lines = try database.audit(AuditFilter(action: .loginFailed))
            #expect(lines.map(\.count).sorted() == [1, 1, 1, 2, 3])
            #expect(lines.first { $0.count == 3 }?.target == "ada")
        },
        Check("the trail is filtered by actor, deed and time, alone and together") { database throws in
            let admin = AuditContext(actor: .user(UserID("admin")))
            for (number, action) in [AuditAction.keyAdded, .keyPromoted, .keyAdded].enumerated() {
                let now = Database.start.adding(seconds: Int64(number))
                let context = number == 2 ? AuditContext(actor: .commandLine) : admin
                try database.write { try $0.record(action, target: "\(number)", result: .success, detail: nil, audit: context, at: now) }
            }
            #expect(try database.audit().map(\.target) == ["2", "1", "0"])
            #expect(try database.audit(AuditFilter(actor: "user:admin")).map(\.target) == ["1", "0"])
            #expect(try database.audit(AuditFilter(action: .keyAdded)).map(\.target) == ["2", "0"])
            #expect(try database.audit(AuditFilter(actor: "cli", action: .keyAdded)).map(\.target) == ["2"])
            #expect(try database.audit(AuditFilter(since: Database.start.adding(seconds: 1))).map(\.target) == ["2", "1"])
            #expect(try database.audit(AuditFilter(actor: "user:admin", since: Database.start.adding(seconds: 1))).map(\.target) == ["1"])
        },
        Check("every deed about an account is in the trail with its target") { database throws in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            _ = try database.change(ada, UserChange(displayName: "A", email: .some("a@example.org"), roles: ["x"], passwordHash: "n"))
            _ = try database.change(ada, UserChange(isActive: false))
            _ = try database.change(ada, UserChange(isActive: true))
            _ = try database.revoke(.client("app"))
            _ = try database.write { try $0.deleteUser(session.userID, ifVersion: nil, audit: Database.desk, at: Database.start) }
            let lines = try database.audit()
            let expected: Set<AuditAction> = [
                .userRegistered, .loginSucceeded, .userChanged, .emailChanged, .rolesChanged, .passwordChanged, .userDisabled, .userEnabled,
                .clientRevoked, .userDeleted,
            ]
            #expect(Set(lines.map(\.action)) == expected)
            #expect(lines.filter { $0.action != .clientRevoked }.allSatisfy { $0.target == "user:\(ada.id)" })
        },
    ]
}
