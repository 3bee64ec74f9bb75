// When the answers to failed logins leave, by a clock that the tests own.

import Accounts
import HTTP
import MartletEncoding
import Store
import Testing

@testable import Web

struct FailedLoginTests {
    @Test(
        "the answer leaves at the first boundary that leaves a check its time",
        arguments: [
            (0, 0, 1000, "at once"), (0, 30, 1000, "a quick check"), (0, 899, 1000, "one that takes all of its time"),
            (40, 80, 1000, "after a little waiting"), (100, 999, 1000, "up to the boundary"),
            (101, 102, 2000, "no time is left for a check"),
            (101, 1001, 2000, "the same, by a slow check"), (0, 1000, 1000, "ready just then"),
            (0, 1001, 2000, "a check that took too long"),
            (7300, 7301, 9000, "a long queue"), (0, 3_600_000, 3_600_000, "the clock jumped ahead"), (0, -3_600_000, 1000, "and back"),
            (-3_600_000, -3_600_000, 1000, "before the check"),
        ] as [(checked: Int64, ready: Int64, leaves: Int64, why: String)])
    func boundary(checked: Int64, ready: Int64, leaves: Int64, why: String) {
        let received = UnixTime(milliseconds: 1_800_000_000_123)
        let wait = FailureBoundary.wait(
            receivedAt: received, checkedFrom: received.adding(milliseconds: checked), now: received.adding(milliseconds: ready))
        #expect(max(ready, checked, 0) + wait == leaves, "\(why)")
        #expect((0...FailureBoundary.interval + FailureBoundary.allowance).contains(wait), "\(why)")
    }

    enum Failure: String, CaseIterable, Sendable {
        case unknown = "nobody"
        case wrong = "ada"
        case disabled = "dis"
        case legacy = "leg"
        case withoutPassword = "nopass"
        case tooLong

        var body: String {
            let password = self == .tooLong ? String(repeating: "x", count: 5000) : "wrong password"
            return #"{"username":"\#(self == .tooLong ? "ada" : rawValue)","password":"\#(password)"}"#
        }
    }

    static let doors = ["/auth/login", "/api/token/"]

    @Test("whatever is wrong and however long the check took, the answer leaves at the same time", arguments: Failure.allCases, doors)
    func sameTime(failure: Failure, door: String) throws {
        let server = try Self.server()
        for (begins, ends, leaves) in [(2, 2, 1000), (2, 35, 1000), (60, 480, 1000), (400, 401, 2000), (400, 1290, 2000)]
            as [(Int64, Int64, Int64)]
        {
            server.timing.willRead([begins, ends])
            let answer = try server.send("POST", door, json: failure.body)
            #expect(answer.status == .unauthorized)
            // The over-long one is refused before it is checked, and reads the clock twice for that.
            #expect(server.timing.takeHeld() == [leaves - ends], "\(begins) \(ends)")
        }
    }

    @Test("a login that succeeds is not held, with a legacy hash either", arguments: ["ada", "leg"], doors)
    func success(name: String, door: String) throws {
        let server = try Self.server()
        for _ in 0..<2 {
            let answer = try server.send("POST", door, json: #"{"username":"\#(name)","password":"correct horse"}"#)
            #expect(answer.status == .ok)
        }
        #expect(server.timing.takeHeld() == [])
    }

    @Test("nothing is held when no legacy hash is left", arguments: Failure.allCases, doors)
    func nothingLeft(failure: Failure, door: String) throws {
        let server = try Self.server()
        _ = try server.send("POST", door, json: #"{"username":"leg","password":"correct horse"}"#)
        server.legacyPasswords.look(in: server.services.store)
        #expect(try server.send("POST", door, json: failure.body).status == .unauthorized)
        #expect(server.timing.takeHeld() == [])
    }

    @Test("an import beside the service is noticed within a second of the next login")
    func importedMeanwhile() throws {
        let server = try Server()
        server.legacyPasswords.look(in: server.services.store)
        let fail = { (seconds: Int64) in
            _ = try server.send(
                "POST", "/auth/login", json: #"{"username":"nobody","password":"wrong horse"}"#, at: Server.start.adding(seconds: seconds))
        }
        try fail(0)
        #expect(server.timing.takeHeld() == [])
        let user = ImportedUser(
            id: UserID("leg"), username: "leg", matchesExactly: false, email: nil, emailVerified: false, displayName: "",
            passwordHash: "pbkdf2_sha256$3$salt1$/sYj8DwDpGlKTjwWhzv1xnG3b+67l5SFx1KNQF+cccg=", roles: [], isActive: true,
            createdAt: Server.start, lastLoginAt: nil, attributes: "{}", externalID: "1")
        try server.services.store.write { transaction throws(StoreError) in
            _ = try transaction.importUser(user, audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        try fail(1)
        #expect(server.timing.takeHeld().count == 1)
    }

    @Test("what is wrong with a body is told at once")
    func body() throws {
        let server = try Self.server()
        #expect(try server.send("POST", "/auth/login", json: #"{"username":"ada"}"#).status == .badRequest)
        #expect(server.timing.takeHeld() == [])
    }

    /// Ada, whose hash is the service's own; one who is disabled, one without a password, and one whom Django hashed.
    static func server() throws -> Server {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false))
        _ = try server.register("ada")
        let disabled = try server.register("dis")
        let legacy = "pbkdf2_sha256$3$salt1$/sYj8DwDpGlKTjwWhzv1xnG3b+67l5SFx1KNQF+cccg="
        let users = [("leg", legacy), ("nopass", nil)].map { name, hash in
            ImportedUser(
                id: UserID(name), username: name, matchesExactly: false, email: nil, emailVerified: false, displayName: "",
                passwordHash: hash, roles: [], isActive: true, createdAt: Server.start, lastLoginAt: nil, attributes: "{}",
                externalID: name)
        }
        try server.services.store.write { transaction throws(StoreError) in
            let audit = AuditContext(actor: .commandLine)
            for user in users { _ = try transaction.importUser(user, audit: audit, at: Server.start) }
            _ = try transaction.changeUser(UserID(disabled.id), UserChange(isActive: false), audit: audit, at: Server.start)
        }
        server.legacyPasswords.look(in: server.services.store)
        return server
    }
}
