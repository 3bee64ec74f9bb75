// Issuer: an issuer in memory, with fixed times and randomness that can be had again.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import ProjectMigrations
import SQLStore
import Store
import Synchronization
import Testing
import Tokens

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Issuer {
    static let url = "https://auth.example"
    static let start = UnixTime(seconds: 1_800_000_000)
    static let audit = AuditContext(actor: .anonymous, ip: "192.0.2.1", userAgent: "test", requestID: "r1")
    static let client = ClientDescription(address: LoginAddress("c0000201"), ip: "192.0.2.1", userAgent: "test")

    let store: any Store
    let masterKey: MasterKey
    let rotation: KeyRotation
    let ring: KeyRing
    let sessions: SessionService
    let random: RandomSource

    init(
        algorithm: SignatureAlgorithm = .es256, sharedSecret: [UInt8]? = nil, days: Int64 = 90, audience: String = url, grace: Int64 = 30,
        sessionLifetime: Int64 = 7_776_000, over store: (any Store)? = nil
    ) throws {
        let random = RandomSource.repeatable(seed: 7)
        self.random = random
        self.store = try store ?? SQLStore.inMemory()
        masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        rotation = KeyRotation(store: self.store, masterKey: masterKey, algorithm: algorithm, days: days, random: random)
        // Before anything else, so that the first keys are the oldest.
        try rotation.maintain(at: Self.start.adding(milliseconds: -1))
        ring = try KeyRing(store: self.store, masterKey: masterKey, algorithm: algorithm, sharedSecret: sharedSecret, random: random)
        let policy = TokenPolicy(
            issuer: Self.url, audience: audience, accessLifetime: 600, refreshLifetime: 1_209_600, sessionLifetime: sessionLifetime,
            graceSeconds: grace)
        sessions = SessionService(policy: policy, store: self.store, ring: ring, random: random)
    }

    /// A new account.
    func user(_ name: String = "ada", roles: [String] = []) throws -> User {
        let new = NewUser(id: UserID("user-\(name)"), username: name, passwordHash: nil, roles: roles)
        let outcome = try store.write { transaction throws(StoreError) in
            try transaction.createUser(new, audit: Self.audit, at: Self.start)
        }
        guard case .created(let user) = outcome else { throw Unexpected(what: "\(outcome)") }
        return user
    }

    /// A new session of an account, with its first tokens.
    func begin(
        _ user: User, scope: String = "account admin", audience: String? = nil, at now: UnixTime = start
    ) throws -> SessionTokens {
        let prepared = sessions.prepare(for: user.id, scope: scope, from: Self.client, at: now)
        let outcome = try store.write { transaction throws(StoreError) in
            try transaction.beginSession(
                prepared.new, ifUserVersion: user.version, maximumPerUser: TokenPolicy.maximumSessions, audit: Self.audit, at: now)
        }
        guard case .begun(let session, let user) = outcome else { throw Unexpected(what: "\(outcome)") }
        return try sessions.tokens(of: session, user, begun: prepared, audience: audience, at: now)
    }

    /// Exchanges a refresh token, and waits for it.
    func refresh(
        _ token: String, audience: String? = nil, from client: ClientDescription = client, at now: UnixTime
    ) throws(TokenFailure) -> (tokens: SessionTokens, isRetry: Bool) {
        let answer = Monitor<(@Sendable () throws(TokenFailure) -> (tokens: SessionTokens, isRetry: Bool))?>(nil)
        let read = try sessions.read(Array(token.utf8))
        guard !read.isExpired(at: now) else { throw .expired }
        sessions.refresh(read, audience: audience, from: client, audit: Self.audit, at: now) { finish in
            answer.withLock { $0 = finish }
            answer.broadcast()
        }
        return try answer.wait { $0 }()
    }

    /// What became of a refresh that must fail.
    func failure(refreshing token: String, from client: ClientDescription = client, at now: UnixTime) -> TokenFailure? {
        do throws(TokenFailure) {
            _ = try refresh(token, from: client, at: now)
            return nil
        } catch {
            return error
        }
    }

    /// All keys, retired ones too.
    func keys(_ purpose: SigningKeyRecord.Purpose = .access) throws -> [SigningKeyRecord] {
        try store.read { reads throws(StoreError) in try reads.keys(includingRetired: true) }.filter { $0.purpose == purpose }
    }

    func states(_ purpose: SigningKeyRecord.Purpose = .access) throws -> [SigningKeyRecord.State] {
        try keys(purpose).map(\.state)
    }

    /// A key as it can sign, out of its sealed record.
    func opened(_ record: SigningKeyRecord) throws -> JWK {
        try JWK(parsing: try masterKey.open(record.privateKey, keyID: record.id).secret)
    }

    /// A verifier of this issuer's access tokens for any audience.
    func verifier(_ revocations: RevocationSet? = nil) -> TokenVerifier {
        TokenVerifier(
            policy: VerificationPolicy(
                issuer: Self.url, audiences: nil, algorithms: SignatureAlgorithm.asymmetric + (ring.isShared ? [.hs256] : []), leeway: 0),
            keys: ring.source, revocations: revocations)
    }

    func audited(_ action: AuditAction) throws -> [AuditEntry] {
        try store.read { reads throws(StoreError) in try reads.audit(AuditFilter(action: action), page: Page()) }.items
    }
}

struct Unexpected: Error {
    let what: String
}

extension RandomSource {
    /// The same bytes in every run.
    static func repeatable(seed: UInt64) -> RandomSource {
        let state = Counter(seed)
        return RandomSource { count in (0..<count).map { _ in UInt8(truncatingIfNeeded: state.next() >> 32) } }
    }

    private final class Counter: Sendable {
        private let state: Mutex<UInt64>

        init(_ seed: UInt64) { state = Mutex(seed) }

        /// A 64-bit linear congruential generator (Knuth's MMIX).
        func next() -> UInt64 {
            state.withLock { state in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state
            }
        }
    }
}

extension SQLStore {
    /// A database in memory, with the project's migrations.
    static func inMemory() throws -> SQLStore {
        let random = RandomSource.repeatable(seed: 99)
        return try SQLStore(location: .memory, migrations: try projectMigrations(), random: { random.bytes($0) }, at: Issuer.start)
    }
}
