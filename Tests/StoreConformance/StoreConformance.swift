// StoreConformance: what every engine of `Store` must do, as checks that a test target runs against its own engine.
// Each check gets a database of its own. The doc comments of `Store` are the specification; the sentences say it again
// as behaviour.

import MartletEncoding
package import Store
import Testing

/// One behaviour.
package struct Check: Sendable, CustomTestStringConvertible {
    /// The behaviour in words.
    package let sentence: String
    /// Whether it needs two stores open on one database.
    package let needsTwoInstances: Bool
    package let run: @Sendable (Database) throws -> Void

    package init(_ sentence: String, needsTwoInstances: Bool = false, run: @escaping @Sendable (Database) throws -> Void) {
        self.sentence = sentence
        self.needsTwoInstances = needsTwoInstances
        self.run = run
    }

    package var testDescription: String { sentence }

    /// The whole suite.
    package static let all =
        accounts + accountChanges + imports + sessions + rotation + rotationRaces + renewal + impersonation + revocations + keys
        + auditTrail + commits + listings + purging + oldTokens + clients + signIns + codes + devices + logout
}

/// A fresh database of the engine under test.
package struct Database: Sendable {
    package let store: any Store
    /// Opens another store on the same database.
    package let openAnother: @Sendable () throws -> any Store

    package init(store: any Store, openAnother: @escaping @Sendable () throws -> any Store) {
        self.store = store
        self.openAnother = openAnother
    }
}

extension Database {
    /// The time at which most checks begin: a whole second.
    static let start = UnixTime(seconds: 1_800_000_000)
    /// Somebody at a desk.
    static let desk = AuditContext(actor: .anonymous, ip: "192.0.2.1", userAgent: "desk", requestID: "request-1")

    func write<Value: Sendable>(_ verb: @escaping @Sendable (any StoreTransaction) throws -> Value) throws -> Value {
        try store.write { transaction throws(StoreError) in try Self.storeErrors { try verb(transaction) } }
    }

    /// Hands a verb to the store and goes on.
    func submit<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        store.write(
            { transaction throws(StoreError) in try Self.storeErrors { try verb(transaction) } }, completion: completion)
    }

    func read<Value>(_ body: (any StoreReads) throws -> Value) throws -> Value {
        try store.read { reads throws(StoreError) in try Self.storeErrors { try body(reads) } }
    }

    /// Closures in checks throw whatever they like; the store's throw its own errors.
    private static func storeErrors<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch {
            throw .unavailable(detail: "\(error)")
        }
    }

    /// An account that must come to be.
    @discardableResult
    func makeUser(_ name: String, email: String? = nil, roles: [String] = [], at now: UnixTime = start) throws -> User {
        let new = NewUser(
            id: UserID("u-\(name)"), username: name, email: email, emailVerified: email != nil, passwordHash: "hash of \(name)",
            roles: roles)
        let outcome = try write { try $0.createUser(new, audit: Self.desk, at: now) }
        guard case .created(let user) = outcome else { throw Unexpected(outcome) }
        return user
    }

    /// A session that must come to be; life: access 600 s, refresh 1 day, session 10 days.
    @discardableResult
    func begin(
        _ id: String, for user: User, client: String = "martlet", marks: [KeyMark] = [], maximum: Int = 100, at now: UnixTime = start
    ) throws -> Session {
        let outcome = try write { [self] in
            try $0.beginSession(
                newSession(id, for: user.id, client: client, marks: marks, at: now), ifUserVersion: user.version, maximumPerUser: maximum,
                audit: Self.desk, at: now)
        }
        guard case .begun(let session, _) = outcome else { throw Unexpected(outcome) }
        return session
    }

    func newSession(
        _ id: String, for user: UserID, client: String = "martlet", marks: [KeyMark] = [], at now: UnixTime = start
    ) -> NewSession {
        NewSession(
            id: SessionID(id), userID: user, clientID: client, scope: "account", nonce: Array("nonce of \(id)".utf8), refreshKeyID: "r1",
            refreshExpiresAt: now.adding(seconds: 86_400), expiresAt: now.adding(seconds: 864_000),
            accessExpiresAt: now.adding(seconds: 600), address: LoginAddress("192.0.2.1"), ip: "192.0.2.1", userAgent: "desk",
            keyMarks: marks)
    }

    /// Presents the refresh token with this counter.
    func rotate(
        _ session: Session, counter: Int64, grace: Int64 = 30, retries: Int64 = 64, ip: String = "192.0.2.1", agent: String = "desk",
        marks: [KeyMark] = [], rule: RefreshRule = .rotate, at now: UnixTime
    ) throws -> RotationOutcome {
        let request = Self.request(
            session, counter: counter, grace: grace, retries: retries, ip: ip, agent: agent, marks: marks, rule: rule, at: now)
        return try write { try $0.rotate(request, audit: Self.desk, at: now) }
    }

    static func request(
        _ session: Session, counter: Int64, grace: Int64 = 30, retries: Int64 = 64, ip: String = "192.0.2.1", agent: String = "desk",
        marks: [KeyMark] = [], rule: RefreshRule = .rotate, at now: UnixTime
    ) -> RotationRequest {
        RotationRequest(
            session: session.id, clientID: session.clientID, counter: counter, nonce: session.nonce, graceSeconds: grace,
            maximumRetries: retries,
            refreshLifetime: 86_400, refreshKeyID: "r2", accessExpiresAt: now.adding(seconds: 600), ip: ip, userAgent: agent,
            keyMarks: marks, rule: rule)
    }

    func user(_ id: UserID) throws -> User? { try read { try $0.user(id) } }

    func session(_ session: Session, at now: UnixTime) throws -> Session? {
        try read { try $0.session(session.id, at: now) }
    }

    /// Every event since the database began, or since `sequence`.
    func events(after sequence: Int64 = 0) throws -> [RevocationEvent] {
        try read { try $0.events(after: sequence, limit: 10_000) }
    }

    func lastSequence() throws -> Int64 { try read { try $0.lastSequence() } }

    /// The whole trail, newest first.
    func audit(_ filter: AuditFilter = AuditFilter()) throws -> [AuditEntry] {
        try read { try $0.audit(filter, page: Page(limit: 200)).items }
    }
}

/// An outcome that a check cannot go on with.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ outcome: Any) { description = "unexpected outcome: \(outcome)" }
}
