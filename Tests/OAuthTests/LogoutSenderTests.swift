// The outbox delivered: what is sent, how often, where it may go, and what becomes of it when nobody is there.

import Accounts
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth
import ProjectMigrations
import SQLStore
import Store
import Synchronization
import Testing
import Tokens

@Suite struct LogoutSenderTests {
    private static let start = UnixTime(seconds: 1_800_000_000)
    private static let issuer = "https://auth.example"

    /// What the network was asked, and what it does about it.
    private final class Network: Sendable {
        struct Sent: Sendable {
            var to: LogoutAddressee
            var form: String
        }

        private let state = Mutex<(now: UnixTime, sent: [Sent], answer: Result<Int, FetchFailure>)>((start, [], .success(200)))

        var sent: [Sent] { state.withLock { $0.sent } }
        var now: UnixTime { state.withLock { $0.now } }

        func at(_ seconds: Int64, _ answer: Result<Int, FetchFailure>? = nil) {
            state.withLock { state in
                state.now = start.adding(seconds: seconds)
                if let answer { state.answer = answer }
            }
        }

        func post(_ addressee: LogoutAddressee, _ form: [UInt8]) throws(FetchFailure) -> Int {
            try state.withLock { state throws(FetchFailure) in
                state.sent.append(Sent(to: addressee, form: String(decoding: form, as: UTF8.self)))
                return try state.answer.get()
            }
        }
    }

    private let store: SQLStore
    private let server: AuthorizationServer
    private let ring: KeyRing
    private let network = Network()
    private let sender: LogoutSender

    init() throws {
        let random = RandomSource.secure
        store = try SQLStore(location: .memory, migrations: try projectMigrations(), random: { random.bytes($0) }, at: Self.start)
        let masterKey = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let rotation = KeyRotation(store: store, masterKey: masterKey, algorithm: .es256, days: 90, random: random)
        try rotation.maintain(at: Self.start)
        try rotation.maintainStatementKeys(at: Self.start)
        ring = try KeyRing(store: store, masterKey: masterKey, algorithm: .es256, sharedSecret: nil, random: random)
        let policy = TokenPolicy(
            issuer: Self.issuer, audience: Self.issuer, accessLifetime: 600, refreshLifetime: 3600, sessionLifetime: 7200, graceSeconds: 30,
            compatibility: nil, hasDRFJWTClaims: false)
        let sessions = SessionService(policy: policy, store: store, ring: ring, random: random)
        let clients = ClientDirectory(store: store, documents: nil)
        server = AuthorizationServer(
            sessions: sessions, clients: clients,
            authenticator: ClientAuthenticator(
                secrets: ClientSecrets(key: HMACKey([UInt8](repeating: 3, count: 32))), issuer: Self.issuer),
            keys: ClientKeys(fetcher: ScriptedHost(), publicFetcher: ScriptedHost(), throttle: LoginThrottle(limit: nil)),
            scopes: ScopeCatalogue(own: []), resources: ResourceCatalogue(known: nil),
            subjects: Subjects(key: [UInt8](repeating: 2, count: 32)), throttle: LoginThrottle(limit: nil),
            verifier: TokenVerifier(policy: VerificationPolicy(issuer: Self.issuer, audiences: nil), keys: ring.source), store: store,
            random: random)
        sender = LogoutSender(server, clock: { [network] in network.now }, log: { _ in }) {
            [network] addressee, form, _ throws(FetchFailure) in
            try network.post(addressee, form)
        }
    }

    private func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value
    ) throws -> Value { try store.write(verb) }

    private func add(_ id: String, _ origin: OAuthClient.Origin = .operator, _ members: String? = nil) throws {
        let members = members ?? #","backchannel_logout_uri":"https://\#(id).example/out""#
        let metadata = #"{"redirect_uris":["https://\#(id).example/cb"]\#(members)}"#
        let client = OAuthClient(id: id, origin: origin, secret: nil, metadata: metadata, createdAt: Self.start, updatedAt: Self.start)
        _ = try write { transaction throws(StoreError) in try transaction.addClient(client, audit: AuditContext(actor: .system)) }
    }

    /// Somebody signs in, lets these clients in, and signs out.
    private func signOut(of clients: [String], user name: String = "ada", after seconds: Int64 = 0) throws {
        let now = Self.start.adding(seconds: seconds)
        let refreshKey = ring.snapshot.records.first { $0.purpose == .refresh && $0.state == .active }?.id ?? ""
        let id = UserID("u-\(name)")
        _ = try write { transaction throws(StoreError) in
            let audit = AuditContext(actor: .system)
            let new = NewUser(id: id, username: name, email: nil, emailVerified: false, passwordHash: "x", roles: [])
            guard case .created(let user) = try transaction.createUser(new, audit: audit, at: now) else { return }
            let signIn = BrowserSession(
                id: "sid of \(name)", cookieHash: Array(name.utf8), userID: id, authenticatedAt: now, methods: [], createdAt: now,
                idleExpiresAt: now.adding(seconds: 600), expiresAt: now.adding(seconds: 600), ip: "", userAgent: "")
            _ = try transaction.beginBrowserSession(signIn, ifUserVersion: user.version, replacing: nil, audit: audit, at: now)
            for client in clients {
                let code = AuthorizationCode(
                    hash: Array("\(client) \(name)".utf8), clientID: client, userID: id, redirectURI: "r", challenge: [1], proofKey: nil,
                    scope: "openid", details: "{}", browserSession: signIn.id, expiresAt: now.adding(seconds: 60))
                try transaction.addCode(code, at: now)
                let redemption = CodeRedemption(hash: code.hash, clientID: client, redirectURI: "r", verifierHash: [1], proofKey: nil)
                _ = try transaction.redeemCode(redemption, maximumPerUser: 100, audit: audit, at: now) { code in
                    NewSession(
                        id: SessionID("\(client) \(name)"), userID: id, clientID: client, scope: "openid", nonce: [1],
                        refreshKeyID: refreshKey, refreshExpiresAt: now.adding(seconds: 60), expiresAt: now.adding(seconds: 60),
                        accessExpiresAt: now.adding(seconds: 60), address: LoginAddress("a"), ip: "", userAgent: "", keyMarks: [],
                        browserSession: code.browserSession)
                }
            }
            _ = try transaction.endBrowserSession(cookieHash: signIn.cookieHash, andSessions: true, audit: audit, at: now)
        }
    }

    private func waiting() throws -> Int64 { try store.read { reads throws(StoreError) in try reads.logoutNoticeCount() } }

    /// Sends whatever is due now.
    private func sendAll() throws {
        var count = 0
        while count < 100, try sender.sendOne() { count += 1 }
        #expect(count < 100)
    }

    @Test("the token says what Back-Channel Logout 1.0 §2.4 wants, and nothing else")
    func token() throws {
        try add("shop")
        try signOut(of: ["shop"])
        try sendAll()
        let sent = try #require(network.sent.first)
        #expect(network.sent.count == 1 && sent.to.url.description == "https://shop.example/out")
        #expect(sent.form.hasPrefix("logout_token="))
        let jws = try CompactJWS(parsing: Array(sent.form.utf8.dropFirst(13)))
        let header = jws.unverifiedHeader
        #expect(header.type == "logout+jwt")
        let keys = ring.snapshot.verifying.candidates(keyID: header.keyID, algorithm: try #require(header.algorithm), type: header.type)
        let claims = try jws.verified(by: try #require(keys.first)).claims()
        #expect(Set(claims.all.map(\.name)) == ["iss", "sub", "aud", "iat", "exp", "jti", "events", "sid"])
        #expect(
            claims.issuer == Self.issuer && claims.subject == "u-ada" && claims.audience == ["shop"] && claims.sessionID == "sid of ada")
        #expect(claims.issuedAt == Self.start.seconds && claims.expiresAt == Self.start.seconds + 120)
        let event = try #require(claims["events"]?["http://schemas.openid.net/event/backchannel-logout"])
        #expect(event.isObject && event.members.isEmpty && claims["events"]?.members.count == 1)
        #expect(try waiting() == 0 && sender.counts == (1, 0))
        #expect(try !sender.sendOne())
    }

    @Test("a logout token is no access token")
    func confusion() throws {
        try add("shop")
        try signOut(of: ["shop"])
        try sendAll()
        let text = try #require(network.sent.first).form.utf8.dropFirst(13)
        let verifier = TokenVerifier(
            policy: VerificationPolicy(issuer: Self.issuer, audiences: nil, leeway: 0), keys: ring.source, revocations: RevocationSet())
        #expect(throws: VerificationFailure.wrongType) { try verifier.verify(Array(text)[...], at: Self.start) }
    }

    @Test("204 is as good as 200, and everything else is tried again", arguments: [(204, true), (302, false), (400, false), (500, false)])
    func statuses(status: Int, isDone: Bool) throws {
        try add("shop")
        try signOut(of: ["shop"])
        network.at(0, .success(status))
        try sendAll()
        #expect(try (waiting() == 0) == isDone)
    }

    @Test("who does not answer is asked five times within the hour, then it stands in the trail")
    func attempts() throws {
        try add("shop")
        try signOut(of: ["shop"])
        network.at(0, .failure(.unreachable(detail: "nobody")))
        for (number, seconds) in [Int64(0), 2, 62, 662, 3600].enumerated() {
            network.at(seconds - 1)
            try sendAll()
            #expect(network.sent.count == number, "not before its time")
            network.at(seconds)
            try sendAll()
            #expect(network.sent.count == number + 1)
        }
        #expect(Set(network.sent.map(\.form)).count == 5, "each attempt has a token of its own")
        #expect(try waiting() == 0 && sender.counts == (0, 1))
        let trail = try store.read { reads throws(StoreError) in try reads.audit(AuditFilter(action: .logoutUndelivered), page: Page()) }
        #expect(trail.items.map(\.target) == ["client:shop"] && trail.items.first?.detail == "it cannot be reached: nobody")
    }

    @Test("down, then up: it is delivered with the next attempt")
    func recovery() throws {
        try add("shop")
        try signOut(of: ["shop"])
        network.at(0, .failure(.timedOut))
        try sendAll()
        network.at(2, .success(200))
        try sendAll()
        #expect(try waiting() == 0 && sender.counts == (1, 0))
    }

    @Test("a client that does not answer rests as a whole, and the others do not wait for it")
    func rest() throws {
        for id in ["dead", "live"] { try add(id) }
        for name in ["ada", "bob", "eve"] { try signOut(of: ["dead"], user: name) }
        network.at(0, .failure(.timedOut))
        try sendAll()
        #expect(network.sent.count == 1)
        network.at(0, .success(200))
        try signOut(of: ["live"], user: "dan")
        try sendAll()
        #expect(network.sent.map(\.to.url.origin) == ["https://dead.example", "https://live.example"])
        network.at(2)
        try sendAll()
        #expect(network.sent.count == 5)
        #expect(try waiting() == 0)
    }

    @Test("while a client has all its requests under way, its other notices lie still, and the others go on")
    func busy() throws {
        for id in ["slow", "live"] { try add(id) }
        for name in ["ada", "bob", "eve", "dan"] { try signOut(of: ["slow"], user: name) }
        try signOut(of: ["live"], user: "zoe", after: 1)
        network.at(1)
        // The client answers late: what other threads do meanwhile happens within its request.
        let depth = Mutex(0)
        let meanwhile = Mutex<[Bool]>([])
        let again = Mutex<LogoutSender?>(nil)
        let sender = LogoutSender(server, clock: { [network] in network.now }, log: { _ in }) {
            [network] addressee, form, _ throws(FetchFailure) in
            let status = try network.post(addressee, form)
            guard addressee.url.origin == "https://slow.example",
                depth.withLock({
                    $0 += 1; return $0
                }) <= 2
            else { return status }
            for _ in 0..<(depth.withLock { $0 } == 2 ? 3 : 1) {
                guard let didSend = try? again.withLock({ $0 })?.sendOne() else { continue }
                meanwhile.withLock { $0.append(didSend) }
            }
            return status
        }
        again.withLock { $0 = sender }
        #expect(try sender.sendOne())
        // Within the second request: the other client's, then nothing, twice; and that request itself.
        #expect(meanwhile.withLock { $0 } == [true, false, false, true])
        #expect(network.sent.map(\.to.url.origin) == ["https://slow.example", "https://slow.example", "https://live.example"])
        #expect(try waiting() == 2)
    }

    @Test("what waited for an hour behind one that failed is given up as well")
    func age() throws {
        try add("dead")
        for name in ["ada", "bob"] { try signOut(of: ["dead"], user: name) }
        network.at(0, .failure(.timedOut))
        for seconds in stride(from: Int64(0), through: 7200, by: 1) where try waiting() > 0 {
            network.at(seconds)
            try sendAll()
        }
        #expect(try waiting() == 0 && sender.counts == (0, 2))
        #expect(network.now <= Self.start.adding(seconds: 7200) && network.sent.count <= 6)
    }

    @Test("an end of the service gives nothing up: it is due at once")
    func stopped() throws {
        try add("shop")
        try signOut(of: ["shop"])
        network.at(0, .failure(.cancelled))
        #expect(try sender.sendOne())
        #expect(try waiting() == 1 && sender.counts == (0, 0))
        network.at(0, .success(200))
        try sendAll()
        #expect(try waiting() == 0)
    }

    @Test("only an operator's client may be within this network; who registered nothing, or is gone, is told nothing")
    func addresses() throws {
        try add("ours")
        try add("near", .operator, #","backchannel_logout_uri":"http://127.0.0.1:9/out""#)
        try add("vouched", .registration)
        try add("stranger", .anonymous)
        try add("silent", .operator, "")
        try signOut(of: ["ours", "near", "vouched", "stranger", "silent", "gone"])
        try sendAll()
        let reach = Dictionary(uniqueKeysWithValues: network.sent.map { ($0.to.url.origin, $0.to.mayBePrivate) })
        #expect(
            reach == [
                "https://ours.example": true, "http://127.0.0.1:9": true, "https://vouched.example": false,
                "https://stranger.example": false,
            ])
        #expect(try waiting() == 0 && sender.counts == (4, 0))
    }
}
