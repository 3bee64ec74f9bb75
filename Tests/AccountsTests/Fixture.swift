// Fixture: accounts of an issuer in memory, with hashes that cost next to nothing and times that are told.

import Accounts
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import PasswordHashing
import ProjectMigrations
import SQLStore
import Store
import Testing
import Tokens

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Fixture {
    static let start = UnixTime(seconds: 1_800_000_000)
    static let audit = AuditContext(actor: .anonymous, ip: "192.0.2.1", userAgent: "test", requestID: "r1")
    static let password = "correct horse"

    let store: any Store
    let sessions: SessionService
    let throttle: LoginThrottle
    let common = CommonPasswords(sortedLines: Array("password1\nqwertyuiop\n".utf8))

    init(limit: LoginThrottle.Limit? = nil) throws {
        let random = RandomSource.secure
        store = try SQLStore(location: .memory, migrations: try projectMigrations(), random: { random.bytes($0) }, at: Self.start)
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        try KeyRotation(store: store, masterKey: masterKey, algorithm: .edDSA, days: 90, random: random).maintain(at: Self.start)
        let ring = try KeyRing(store: store, masterKey: masterKey, algorithm: .edDSA, sharedSecret: nil, random: random)
        let policy = TokenPolicy(
            issuer: "https://auth.example", audience: "https://auth.example", accessLifetime: 600, refreshLifetime: 1_209_600,
            sessionLifetime: 7_776_000, graceSeconds: 30)
        sessions = SessionService(policy: policy, store: store, ring: ring, random: random)
        throttle = LoginThrottle(limit: limit)
    }

    /// A hasher whose hashes take microseconds.
    func hasher(iterations: Int = 1) throws -> PasswordHasher {
        PasswordHasher(
            parameters: try #require(Argon2Parameters(memoryKiB: 8, iterations: iterations, parallelism: 1)), random: .secure)
    }

    func registration(isOpen: Bool = true) throws -> Registration {
        Registration(
            isOpen: isOpen, store: store, sessions: sessions, hasher: try hasher(), throttle: throttle, common: common, random: .secure)
    }

    func login(iterations: Int = 1) throws -> PasswordLogin {
        PasswordLogin(store: store, sessions: sessions, hasher: try hasher(iterations: iterations), throttle: throttle)
    }

    func client(_ address: String = "c0000201") -> ClientDescription {
        ClientDescription(address: LoginAddress(address), ip: "192.0.2.1", userAgent: "test")
    }

    /// Registers somebody and answers what the store has of them.
    @discardableResult
    func register(_ username: String = "ada", password: String = password, email: String? = nil) throws -> User {
        let registration = try registration()
        let candidate = try registration.candidate(username: username, password: password, email: email)
        return try finish(registration, try registration.hash(candidate, from: client().address, at: Self.start)).user
    }

    func finish(_ registration: Registration, _ new: NewUser, at now: UnixTime = start) throws(LoginFailure) -> SessionTokens {
        let answer = Answer()
        registration.complete(new, scope: "account admin", audience: nil, from: client(), audit: Self.audit, at: now) { answer.bring($0) }
        return try answer.tokens()
    }

    /// A login from the first look at the account to the tokens.
    func logIn(
        _ name: LoginName, _ password: String, from address: String = "c0000201", iterations: Int = 1, at now: UnixTime = start,
        between: () throws -> Void = {}
    ) throws -> SessionTokens {
        let login = try login(iterations: iterations)
        let pending = try login.prepare(name, password: password, from: client(address), at: now)
        let verdict = try login.check(pending, at: now)
        try between()
        let answer = Answer()
        login.complete(pending, verdict, scope: "account admin", audience: nil, from: client(address), audit: Self.audit, at: now) {
            answer.bring($0)
        }
        return try answer.tokens()
    }

    /// Why a login failed; nil when it did not.
    func failure(
        _ name: LoginName, _ password: String, from address: String = "c0000201", at now: UnixTime = start, between: () throws -> Void = {}
    ) throws -> AccountError? {
        do {
            _ = try logIn(name, password, from: address, at: now, between: between)
            return nil
        } catch let error as AccountError {
            return error
        } catch LoginFailure.account(let error) {
            return error
        }
    }

    func stored(_ id: UserID) throws -> User {
        try #require(try store.read { reads throws(StoreError) in try reads.user(id) })
    }

    func change(_ id: UserID, _ change: UserChange) throws {
        _ = try store.write { transaction throws(StoreError) in
            try transaction.changeUser(id, change, audit: Fixture.audit, at: Fixture.start)
        }
    }

    func audited(_ action: AuditAction) throws -> [AuditEntry] {
        try store.read { reads throws(StoreError) in try reads.audit(AuditFilter(action: action), page: Page()) }.items
    }
}

/// Where a completion brings what is left to do.
final class Answer: Sendable {
    private let finish = Monitor<(@Sendable () throws(LoginFailure) -> SessionTokens)?>(nil)

    func bring(_ finish: @escaping @Sendable () throws(LoginFailure) -> SessionTokens) {
        self.finish.withLock { $0 = finish }
        self.finish.broadcast()
    }

    func tokens() throws(LoginFailure) -> SessionTokens { try finish.wait { $0 }() }
}

enum Project {
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    static func bytes(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen("\(root)/\(name)", "r"), "\(name)")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
