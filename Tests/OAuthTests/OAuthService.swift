// OAuthService: an authorization server in memory, asked as functions, with accounts, clients and sessions made for it.

import Accounts
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import OAuth
import ProjectMigrations
import SQLStore
import Store
import Testing
import Tokens

struct OAuthService {
    static let issuer = "https://issuer.example"
    static let start = UnixTime(seconds: 1_800_000_000)
    static let audit = AuditContext(actor: .anonymous, ip: "192.0.2.1", userAgent: "test", requestID: "r1")
    static let origin = ClientDescription(address: LoginAddress("c0000201"), ip: "192.0.2.1", userAgent: "test")

    let store: any Store
    let sessions: SessionService
    let throttle: LoginThrottle
    let server: AuthorizationServer

    init(limit: LoginThrottle.Limit? = nil) throws {
        let random = RandomSource.secure
        let store = try SQLStore(location: .memory, migrations: try projectMigrations(), random: { random.bytes($0) }, at: Self.start)
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        try KeyRotation(store: store, masterKey: masterKey, algorithm: .es256, days: 90, random: random)
            .maintain(at: Self.start.adding(seconds: -3600))
        let ring = try KeyRing(store: store, masterKey: masterKey, algorithm: .es256, sharedSecret: nil, random: random)
        let policy = TokenPolicy(
            issuer: Self.issuer, audience: Self.issuer, accessLifetime: 600, refreshLifetime: 1_209_600, sessionLifetime: 7_776_000,
            graceSeconds: 30)
        let revocations = RevocationSet()
        let clients = ClientDirectory(store: store, documents: nil)
        store.observeEvents { events in
            revocations.apply(events)
            clients.apply(events)
        }
        self.store = store
        sessions = SessionService(policy: policy, store: store, ring: ring, random: random)
        throttle = LoginThrottle(limit: limit)
        server = AuthorizationServer(
            sessions: sessions, clients: clients,
            authenticator: ClientAuthenticator(
                secrets: ClientSecrets(key: HMACKey(Array("a key of thirty-two bytes or more".utf8))), issuer: Self.issuer),
            keys: ClientKeys(fetcher: ScriptedHost(), publicFetcher: ScriptedHost(), throttle: throttle),
            scopes: ScopeCatalogue(own: ["read", "write"].map { ScopeDescription(name: $0, text: $0) }),
            resources: ResourceCatalogue(known: nil), subjects: Subjects(key: [UInt8](repeating: 2, count: 32)), throttle: throttle,
            verifier: TokenVerifier(
                policy: VerificationPolicy(issuer: Self.issuer, audiences: nil, leeway: 0), keys: ring.source, revocations: revocations),
            store: store, random: random)
    }

    /// An account.
    func user(_ name: String = "ada") throws -> User {
        let outcome = try store.write { transaction throws(StoreError) in
            try transaction.createUser(
                NewUser(id: UserID("user-\(name)"), username: name, passwordHash: nil), audit: Self.audit, at: Self.start)
        }
        guard case .created(let user) = outcome else { throw Unexpected(what: "\(outcome)") }
        return user
    }

    /// A registered client.
    @discardableResult
    func client(_ id: String, _ metadata: String, policy: String = "{}") throws -> Client {
        let record = OAuthClient(
            id: id, origin: .operator, secret: nil, metadata: metadata, policy: policy, createdAt: Self.start, updatedAt: Self.start)
        let isNew = try store.write { transaction throws(StoreError) in try transaction.addClient(record, audit: Self.audit) }
        guard isNew else { throw Unexpected(what: "two clients \(id)") }
        return try Client(record)
    }

    /// A session of a person for a client, with its first access token and its refresh token.
    func session(
        of user: User, for client: String, scope: String = "read write", audience: [String] = ["https://orders.example"],
        at now: UnixTime = start, _ change: (inout ClientTokenContent) -> Void = { _ in }
    ) throws -> (session: Session, access: String, refresh: String) {
        let lifetimes = ClientLifetimes(access: 600, refresh: 1_209_600, session: 7_776_000)
        let preparation = sessions.preparation(for: client, lifetimes, from: Self.origin, at: now)
        let new = preparation.session(for: user.id, scope: scope, details: "{}", browserSession: nil, hasRefreshToken: true)
        let outcome = try store.write { transaction throws(StoreError) in
            try transaction.beginSession(new, ifUserVersion: user.version, maximumPerUser: 100, audit: Self.audit, at: now)
        }
        guard case .begun(let session, _) = outcome else { throw Unexpected(what: "\(outcome)") }
        var content = ClientTokenContent(subject: user.id.text, audience: audience, scope: scope, lifetime: 600)
        change(&content)
        return (
            session, try sessions.accessToken(of: session, begun: preparation, content).text, try sessions.refreshToken(of: session, user)
        )
    }

    /// The tokens of a grant.
    func grant(
        _ parameters: [String: String], to client: Client, proofKey: String? = nil, at now: UnixTime = start
    ) throws(OAuthError) -> IssuedTokens {
        let pending = try server.grant(
            TokenRequest(
                parameters: OAuthParameters(parameters), client: client, proofKey: proofKey, origin: Self.origin, audit: Self.audit,
                now: now))
        let answer = Monitor<(@Sendable () throws(OAuthError) -> IssuedTokens)?>(nil)
        pending { finish in
            answer.withLock { $0 = finish }
            answer.signal()
        }
        return try answer.wait { $0 }()
    }

    /// The code of the error that a grant ends with; nil when it gives tokens.
    func error(
        of parameters: [String: String], to client: Client, proofKey: String? = nil, at now: UnixTime = start
    ) -> OAuthError.Code? {
        do throws(OAuthError) {
            _ = try grant(parameters, to: client, proofKey: proofKey, at: now)
            return nil
        } catch { return error.code }
    }

    /// The claims of a token that is good here.
    func claims(_ token: String, at now: UnixTime = start) throws -> JSONValue {
        let payload = try #require(token.split(separator: ".").dropFirst().first.flatMap { Base64URL.decode(String($0)) })
        return try JSONDocument(parsing: payload).root
    }

    /// Whether a client that may look at every token is told that this one is active.
    func isActive(_ token: String, for client: Client, at now: UnixTime = start) throws -> Bool {
        switch try server.introspect(OAuthParameters(["token": token]), by: client, at: now) {
        case .access(let token): token != nil
        case .refresh(let token): try server.introspect(token, by: client, at: now) != nil
        }
    }

    /// Takes a token back as a client.
    func revoke(_ token: String, as client: Client, at now: UnixTime = start) throws -> RevocationOutcome {
        let revocation = try server.revocation(OAuthParameters(["token": token]), by: client, at: now)
        return try store.write { transaction throws(StoreError) in try revocation.apply(to: transaction, audit: Self.audit, at: now) }
    }
}

struct Unexpected: Error {
    let what: String
}

extension OAuthParameters {
    /// Each once.
    init(_ values: [String: String]) { self.init(values.mapValues { [$0] }) }
}
