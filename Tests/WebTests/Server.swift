// Server: the routes over an issuer in memory, called as functions: what the lanes, the store and the loop would do with
// an outcome is done here on the calling thread, one step after the other.

import Accounts
import HTTP
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import OAuth
import PageSamples
import Pages
import PasswordHashing
import ProjectMigrations
import ResourceServer
import SQLStore
import Store
import Synchronization
import Testing
import Tokens

@testable import Web

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// No host answers.
struct Nowhere: Fetcher {
    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse { throw .unreachable(detail: "nowhere") }
}

struct Server {
    static let issuer = "https://auth.example"
    static let start = UnixTime(seconds: 1_800_000_000)

    let services: Services
    let router: Router
    let timing = Timing()
    let legacyPasswords = LegacyPasswords()

    /// What the clock says, and what was held.
    final class Timing: Sendable {
        private let readings = Mutex<[UnixTime]>([])
        private let held = Mutex<[Int64]>([])

        /// The next looks at the clock see these, milliseconds after the start; further ones the last of them.
        func willRead(_ offsets: [Int64]) {
            readings.withLock { $0 = offsets.map { Server.start.adding(milliseconds: $0) } }
        }

        func read() -> UnixTime {
            readings.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? Server.start }
        }

        func hold(_ milliseconds: Int64) { held.withLock { $0.append(milliseconds) } }

        /// For how long answers were held since the last question, in milliseconds.
        func takeHeld() -> [Int64] {
            held.withLock { held in
                defer { held = [] }
                return held
            }
        }
    }

    /// Who may read the feed.
    enum FeedAccess {
        case off, open, forTokens
    }

    init(
        isOpen: Bool = true, isReady: Bool = true, feed access: FeedAccess = .open, simplejwt: SimpleJWTSettings? = nil,
        djRestAuth: DJRestAuthSettings? = nil, compat: Set<CompatibilityGroup> = [], origins: [String] = [],
        loginLimit: LoginThrottle.Limit? = nil, claims: ClaimsCompatibility = .simplejwt, schemes: [String] = ["bearer"],
        leeway: Int64 = 0, audience: String = issuer, refreshLifetime: Int64 = 1_209_600, proofNonces: DPoPNonces? = nil,
        oldIssuer: OldIssuer? = nil,
        clientRegistration: DynamicRegistration.Access = .closed, scopes: ScopesFile = ScopesFile(),
        sectors: (any Fetcher)? = nil
    ) throws {
        let random = RandomSource.secure
        let store = try SQLStore(location: .memory, migrations: try projectMigrations(), random: { random.bytes($0) }, at: Self.start)
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let rotation = KeyRotation(store: store, masterKey: masterKey, algorithm: .es256, days: 90, random: random)
        try rotation.maintain(at: Self.start)
        let ring = try KeyRing(store: store, masterKey: masterKey, algorithm: .es256, sharedSecret: nil, random: random)
        let policy = TokenPolicy(
            issuer: Self.issuer, audience: audience, accessLifetime: 600, refreshLifetime: refreshLifetime, sessionLifetime: 7_776_000,
            graceSeconds: 30, compatibility: simplejwt == nil && djRestAuth == nil ? nil : claims,
            hasDRFJWTClaims: compat.contains(.drfJWT))
        let sessions = SessionService(policy: policy, store: store, ring: ring, random: random, oldIssuer: oldIssuer)
        let hasher = PasswordHasher(parameters: try #require(Argon2Parameters(memoryKiB: 8, iterations: 1, parallelism: 1)), random: random)
        let throttle = LoginThrottle(limit: loginLimit)
        let common = CommonPasswords(sortedLines: Array("password1\n".utf8))
        let revocations = RevocationSet()
        let users = UserCache(capacity: 256) { Representation.user($0) }
        let feed = FeedPublisher(FeedDocuments(issuer: Self.issuer, lineage: "test", ring: ring), clock: { Self.start })
        let clients = ClientDirectory(store: store, documents: nil)
        store.observeEvents { events in
            revocations.apply(events)
            users.apply(events)
            clients.apply(events)
            feed.apply(events)
            feed.publish(at: Self.start)
        }
        let key = try SealedFact.load(.clientSecretKey, store: store, masterKey: masterKey, random: random)
        let registrar = ClientRegistrar(secrets: ClientSecrets(key: HMACKey(key)), algorithm: .es256, random: random)
        let verifier = { (audiences: [String]?) in
            TokenVerifier(
                policy: VerificationPolicy(issuer: Self.issuer, audiences: audiences, leeway: leeway)
                    .accepting(otherIssuers: claims.issuer.map { [$0] } ?? []),
                keys: ring.source, revocations: revocations, oldIssuer: oldIssuer)
        }
        var services = Services(
            store: store, ring: ring, rotation: rotation, sessions: sessions,
            registration: Registration(
                isOpen: isOpen, store: store, sessions: sessions, hasher: hasher, throttle: throttle, common: common, random: random),
            login: PasswordLogin(store: store, sessions: sessions, hasher: hasher, throttle: throttle),
            reauthentication: Reauthentication(store: store, hasher: hasher, throttle: throttle, common: common), throttle: throttle,
            hasher: hasher, legacyPasswords: legacyPasswords,
            common: common, users: users, clients: clients, registrar: registrar,
            clientRegistration: DynamicRegistration(
                access: clientRegistration, registrar: registrar, issuer: Self.issuer,
                sectors: sectors.map { SectorDocuments(fetcher: $0, throttle: throttle) }),
            oauth: AuthorizationServer(
                sessions: sessions, clients: clients,
                authenticator: ClientAuthenticator(secrets: registrar.secrets, issuer: Self.issuer),
                keys: ClientKeys(fetcher: Nowhere(), publicFetcher: Nowhere(), throttle: throttle),
                scopes: ScopeCatalogue(own: scopes.scopes),
                resources: ResourceCatalogue(known: scopes.resources), subjects: Subjects(key: [UInt8](repeating: 2, count: 32)),
                throttle: throttle, verifier: verifier(nil), store: store, random: random),
            verifier: verifier([Self.issuer] + (claims.audience.map { [$0] } ?? [])), anyAudience: verifier(nil),
            inspector: TokenInspector(store: store, ring: ring, sessions: sessions, verifier: verifier(nil)),
            feed: access == .off ? .off : access == .open ? .open(feed) : .forTokens(feed),
            cookie: RefreshCookie(issuer: Self.issuer, origins: origins),
            pages: PageAnswers(templates: try PageTemplates(EmbeddedPages.files)), formTokens: FormTokens(key: HMACKey(key)),
            stamps: RequestStamps(key: HMACKey(key)),
            signInLimits: SignInLimits(idle: 28_800, lifetime: 604_800), random: random,
            newID: { Identifier.uuid(at: $0, random: random) },
            clock: { [timing] in timing.read() },
            unready: { isReady ? nil : "The database is away." })
        legacyPasswords.look(in: store)
        services.proofNonces = proofNonces
        services.schemes = schemes + (compat.contains(.drfJWT) ? ["jwt"] : [])
        self.services = services
        router = Router(Routes.all(services, bodyLimit: 65_536, compat: compat, simplejwt: simplejwt, djRestAuth: djRestAuth))
    }

    /// What the route answers.
    func send(
        _ method: String, _ target: String, _ fields: [String] = [], json: String? = nil, form: String? = nil, bearer: String? = nil,
        at now: UnixTime = start
    ) throws -> Response {
        let (outcome, request) = try perform(method, target, fields, json: json, form: form, bearer: bearer, at: now)
        return finish(outcome, request)
    }

    /// What the route answers to a form.
    func post(_ target: String, _ fields: [String] = [], form: [String: String], at now: UnixTime = start) throws -> Response {
        let pairs = form.sorted { $0.key < $1.key }.map { "\($0)=\(PercentEncoding.encode($1))" }
        return try send("POST", target, fields, form: pairs.joined(separator: "&"), at: now)
    }

    /// What the route answers to a form.
    func send(form: String, to target: String, _ fields: [String] = [], at now: UnixTime = start) throws -> Response {
        try send("POST", target, fields, form: form, at: now)
    }

    /// What the route's handler returns at first.
    func outcome(_ method: String, _ target: String, bearer: String? = nil) throws -> Outcome {
        try perform(method, target, [], json: nil, form: nil, bearer: bearer, at: Self.start).0
    }

    private func perform(
        _ method: String, _ target: String, _ fields: [String], json: String?, form: String?, bearer: String?, at now: UnixTime
    ) throws -> (Outcome, Request) {
        var fields = fields + (bearer.map { ["Authorization: Bearer \($0)"] } ?? [])
        if form != nil { fields.append("Content-Type: application/x-www-form-urlencoded") }
        var route: Route?
        var refusal: Refusal?
        let request = try request(method, target, fields, json: json, body: form ?? "", at: now) { head in
            switch router.resolve(head) {
            case .route(let found, let parameters):
                route = found
                return parameters
            case .refusal(let found): refusal = found
            case .options: break
            }
            return []
        }
        if let refusal { return (.refuse(refusal), request) }
        return (try #require(route).handler(request), request)
    }

    private func finish(_ outcome: Outcome, _ request: Request) -> Response {
        switch outcome {
        case .respond(let response): return response
        case .refuse(let refusal):
            return PageRefusals(pages: services.pages).answer(to: refusal, request.id, of: request) ?? OAuthRefusals.answer(
                to: refusal, of: request) ?? ErrorBody.render(refusal, request.id, of: request)
        case .continue(_, let work): return finish(work(), request)
        case .delay(let milliseconds, let work):
            timing.hold(milliseconds)
            return finish(work(), request)
        case .park(_, _, let start):
            let resumed = Monitor<(@Sendable () -> Outcome)?>(nil)
            start(
                Resumption { work in
                    resumed.withLock { $0 = work }
                    resumed.broadcast()
                })
            return finish(resumed.wait { $0 }(), request)
        }
    }

    /// The tokens of somebody who registers.
    func register(_ name: String = "ada") throws -> (access: String, refresh: String, id: String) {
        let response = try send("POST", "/auth/register", json: #"{"username":"\#(name)","password":"correct horse"}"#)
        let json = try #require(response.json)
        return (
            try #require(json["access"]?.string), try #require(json["refresh"]?.string), try #require(json["user"]?["id"]?.string)
        )
    }

    /// The tokens of an administrator.
    func administrator() throws -> (access: String, refresh: String, id: String) {
        let user = try register("root")
        _ = try services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(
                UserID(user.id), UserChange(roles: ["admin"]), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        let response = try send("POST", "/auth/login", json: #"{"username":"root","password":"correct horse"}"#)
        return (try #require(response.json?["access"]?.string), try #require(response.json?["refresh"]?.string), user.id)
    }
}
