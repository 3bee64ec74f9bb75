// Registering, logging in and proving oneself again, over the store.

import Accounts
import MartletEncoding
import PasswordHashing
import Store
import Testing
import Tokens

struct LoginTests {
    private let start = Fixture.start

    @Test("who registered can log in, without regard to ASCII case in the name, and to nothing else")
    func registerAndLogIn() throws {
        let fixture = try Fixture()
        let user = try fixture.register("Ada", email: "Ada@mail.example")
        let tokens = try fixture.logIn(.username("aDA"), Fixture.password, at: start.adding(seconds: 5))
        #expect(tokens.user.id == user.id && tokens.user.lastLoginAt == start.adding(seconds: 5))
        #expect(try fixture.sessions.read(Array(tokens.refresh.utf8)).user == user.id)
        #expect(user.roles == [] && !user.emailVerified)
        #expect(try fixture.failure(.username("ada"), "Correct horse") == .invalidCredentials)
        #expect(try fixture.failure(.username("ada"), Fixture.password + " ") == .invalidCredentials)
        #expect(try fixture.failure(.username("ada "), Fixture.password) == .invalidCredentials)
        #expect(try fixture.failure(.email("ada@mail.example"), Fixture.password) == .invalidCredentials, "not verified")
        try fixture.change(user.id, UserChange(emailVerified: true))
        #expect(try fixture.failure(.email("ADA@MAIL.example"), Fixture.password) == nil)
        #expect(try fixture.failure(.username("ada@mail.example"), Fixture.password) == .invalidCredentials)
    }

    @Test("unknown, disabled, without a password, over-long: one answer for all, and each failure is in the trail")
    func oneAnswer() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        try fixture.change(user.id, UserChange(isActive: false))
        _ = try fixture.store.write { transaction throws(StoreError) in
            try transaction.createUser(
                NewUser(id: UserID("x"), username: "nopass", passwordHash: nil), audit: Fixture.audit, at: Fixture.start)
        }
        for name in ["ada", "nobody", "nopass", ""] {
            #expect(try fixture.failure(.username(name), Fixture.password) == .invalidCredentials, "\(name)")
        }
        #expect(try fixture.failure(.username("ada"), String(repeating: "x", count: 5000)) == .invalidCredentials)
        #expect(Set(try fixture.audited(.loginFailed).compactMap(\.target)) == ["ada", "nopass", "unknown"])
    }

    @Test("a stored text that is no hash lets nobody in")
    func brokenHash() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        try fixture.change(user.id, UserChange(passwordHash: "correct horse"))
        #expect(try fixture.failure(.username("ada"), Fixture.password) == .invalidCredentials)
    }

    enum Meanwhile: CaseIterable, Sendable {
        case newPassword, disabled, deleted, newRoles, newEmail

        func happens(to id: UserID, _ fixture: Fixture) throws {
            switch self {
            case .newPassword: try fixture.change(id, UserChange(passwordHash: "other"))
            case .disabled: try fixture.change(id, UserChange(isActive: false))
            case .deleted:
                _ = try fixture.store.write { transaction throws(StoreError) in
                    try transaction.deleteUser(id, ifVersion: nil, audit: Fixture.audit, at: Fixture.start)
                }
            case .newRoles: try fixture.change(id, UserChange(roles: ["admin"]))
            case .newEmail: try fixture.change(id, UserChange(email: .some("x@mail.example")))
            }
        }
    }

    @Test("a login is bound to the version of the account that it checked", arguments: Meanwhile.allCases)
    func versionBound(change: Meanwhile) throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        let failure = try fixture.failure(.username("ada"), Fixture.password) { try change.happens(to: user.id, fixture) }
        #expect(failure == .invalidCredentials)
    }

    @Test("a change of the display name in between hinders nobody")
    func harmlessChange() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        let failure = try fixture.failure(.username("ada"), Fixture.password) {
            try fixture.change(user.id, UserChange(displayName: "Ada"))
        }
        #expect(failure == nil)
    }

    @Test("at a login the hash is made anew when the parameters are others, and the version stays")
    func rehash() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        _ = try fixture.logIn(.username("ada"), Fixture.password)
        #expect(try fixture.stored(user.id).passwordHash == user.passwordHash, "nothing to do by the same parameters")
        _ = try fixture.logIn(.username("ada"), Fixture.password, iterations: 2)
        let after = try fixture.stored(user.id)
        #expect(after.passwordHash != user.passwordHash)
        #expect(after.passwordHash?.contains(",t=2,") == true)
        #expect(after.version == user.version)
        #expect(try fixture.failure(.username("ada"), Fixture.password) == nil)
    }

    @Test("a wrong password rehashes nothing")
    func noRehash() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        #expect(throws: (any Error).self) { try fixture.logIn(.username("ada"), "wrong password", iterations: 2) }
        #expect(try fixture.stored(user.id).passwordHash == user.passwordHash)
    }

    @Test("failures are limited, right passwords are not; the limit holds for names that nobody has as well", arguments: ["ada", "nobody"])
    func throttled(name: String) throws {
        let fixture = try Fixture(limit: .init(failures: 3, seconds: 60))
        try fixture.register()
        for _ in 0..<10 { #expect(try fixture.failure(.username("ada"), Fixture.password, from: "elsewhere") == nil) }
        for _ in 0..<3 { #expect(try fixture.failure(.username(name), "wrong password", from: "stranger") == .invalidCredentials) }
        #expect(try fixture.failure(.username(name), "wrong password", from: "stranger") == .rateLimited(retryAfter: 20))
        #expect(try fixture.failure(.username(name), Fixture.password, from: "stranger") == .rateLimited(retryAfter: 20))
        #expect(
            try fixture.failure(.username(name), "wrong password", from: "stranger", at: start.adding(seconds: 20)) == .invalidCredentials)
    }

    @Test("strangers' failures do not lock out who logged in from here within 30 days, and lock out who did longer ago")
    func knownAddress() throws {
        let fixture = try Fixture(limit: .init(failures: 2, seconds: 60))
        try fixture.register()
        _ = try fixture.logIn(.username("ada"), Fixture.password, from: "home")
        for (days, expected) in [(29, nil), (31, .rateLimited(retryAfter: 30))] as [(Int64, AccountError?)] {
            let fixture = try Fixture(limit: .init(failures: 2, seconds: 60))
            try fixture.register()
            _ = try fixture.logIn(.username("ada"), Fixture.password, from: "home")
            let now = start.adding(seconds: days * 86_400)
            for _ in 0..<2 { _ = try fixture.failure(.username("ada"), "wrong password", from: "stranger", at: now) }
            #expect(try fixture.failure(.username("ada"), Fixture.password, from: "home", at: now) == expected, "\(days) days")
        }
    }

    @Test("a try whose password was never looked at does not count")
    func neverChecked() throws {
        let fixture = try Fixture(limit: .init(failures: 1, seconds: 60))
        try fixture.register()
        let login = try fixture.login()
        for _ in 0..<20 { _ = try login.prepare(.username("ada"), password: "x", from: fixture.client(), at: start) }
        #expect(try fixture.failure(.username("ada"), Fixture.password) == nil)
    }

    @Test("tries that were prepared together do not pass together")
    func preparedTogether() throws {
        let fixture = try Fixture(limit: .init(failures: 2, seconds: 60))
        try fixture.register()
        let login = try fixture.login()
        let pending = try (0..<5).map { _ in try login.prepare(.username("ada"), password: "x", from: fixture.client(), at: start) }
        #expect(pending.count { (try? login.check($0, at: start)) == .wrong } == 2)
    }
}

struct RegistrationTests {
    @Test("a name that is taken but for its case is refused, and nothing of the second account remains")
    func taken() throws {
        let fixture = try Fixture()
        let first = try fixture.register("Ada")
        let registration = try fixture.registration()
        let new = try registration.hash(
            try registration.candidate(username: "aDa", password: "another password", email: nil), from: fixture.client().address,
            at: Fixture.start)
        #expect(throws: LoginFailure.account(.usernameTaken)) { try fixture.finish(registration, new) }
        #expect(try fixture.stored(first.id).passwordHash == first.passwordHash)
        #expect(try fixture.store.read { reads throws(StoreError) in try reads.user(new.id) } == nil)
    }

    @Test("the same e-mail, even a verified one, tells nothing to who registers with it")
    func sameEmail() throws {
        let fixture = try Fixture()
        let first = try fixture.register("ada", email: "a@mail.example")
        try fixture.change(first.id, UserChange(emailVerified: true))
        let second = try fixture.register("bob", email: "A@mail.example")
        #expect(!second.emailVerified)
        #expect(try fixture.logIn(.email("a@mail.example"), Fixture.password).user.id == first.id)
    }

    @Test("every broken rule of every member is told at once")
    func allProblems() throws {
        let registration = try Fixture().registration()
        let error = #expect(throws: AccountError.self) { try registration.candidate(username: "a b", password: "short", email: "x") }
        guard case .invalid(let problems) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problems.map(\.field) == ["username", "email", "password"])
        #expect(problems.map(\.code) == ["invalid", "invalid", "too_short"])
    }

    @Test("a weak password is a reason of its own, after what is malformed")
    func weak() throws {
        let registration = try Fixture().registration()
        for (username, password, code) in [("ada", "Password1", "too_common"), ("ada.lovelace", "Ada.Lovelace", "too_similar")] {
            let error = #expect(throws: AccountError.self) {
                try registration.candidate(username: username, password: password, email: nil)
            }
            guard case .weakPassword(let problem) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(problem.code == code && problem.field == "password")
        }
    }

    @Test("closed is closed before anything is looked at")
    func closed() throws {
        let registration = try Fixture().registration(isOpen: false)
        #expect(throws: AccountError.registrationClosed) { try registration.candidate(username: "", password: "", email: nil) }
    }
}

struct ReauthenticationTests {
    private let start = Fixture.start

    @Test("the right password answers the new one's hash, bound to the account that was read")
    func right() throws {
        let fixture = try Fixture()
        let user = try fixture.register()
        let again = try make(fixture)
        let pending = try again.prepare(user.id, current: Fixture.password, new: "another password", from: fixture.client())
        #expect(pending.user.version == user.version)
        let hash = try #require(try again.run(pending, audit: Fixture.audit, at: start))
        #expect(try PasswordHash(parsing: hash).verify(Array("another password".utf8)))
        let without = try again.prepare(user.id, current: Fixture.password, new: nil, from: fixture.client())
        #expect(try again.run(without, audit: Fixture.audit, at: start) == nil)
    }

    @Test("a wrong one is refused and counts; the new one keeps the rules, under its own name")
    func wrong() throws {
        let fixture = try Fixture(limit: .init(failures: 2, seconds: 60))
        let user = try fixture.register()
        let again = try make(fixture)
        for _ in 0..<2 {
            let pending = try again.prepare(user.id, current: "wrong password", new: nil, from: fixture.client())
            #expect(throws: AccountError.invalidCredentials) { try again.run(pending, audit: Fixture.audit, at: start) }
        }
        let pending = try again.prepare(user.id, current: Fixture.password, new: nil, from: fixture.client())
        #expect(throws: AccountError.rateLimited(retryAfter: 30)) { try again.run(pending, audit: Fixture.audit, at: start) }
        let error = #expect(throws: AccountError.self) {
            try again.prepare(user.id, current: Fixture.password, new: "short", from: fixture.client())
        }
        guard case .invalid(let problems) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problems.map(\.field) == ["new_password"])
        #expect(throws: AccountError.notFound) {
            try again.prepare(UserID("nobody"), current: "x", new: nil, from: fixture.client())
        }
    }

    private func make(_ fixture: Fixture) throws -> Reauthentication {
        Reauthentication(store: fixture.store, hasher: try fixture.hasher(), throttle: fixture.throttle, common: fixture.common)
    }
}
