// Service: builds every object of a running service once, top to bottom, and runs it until it is told to stop.

import Accounts
import HTTP
import HTTPServer
import Logging
import MartletCryptography
import MartletEncoding
import MartletVerifier
import PasswordHashing
import Store
import Tokens
import Web

struct Service: Sendable {
    private let installation: Installation
    private let loops: EventLoops
    private let lanes: Lanes
    private let server: Server
    private let metricsServer: Server?
    private let events: EventFollower
    private let readiness: Readiness
    private let logger: Logger

    init(_ configuration: Configuration, logger: Logger) throws(ConfigurationError) {
        var listen = configuration.listen
        if case .tcp(let host, 0) = listen {
            guard let port = FreePort.pick() else { throw ConfigurationError("The system has no free port.") }
            listen = .tcp(host: host, port: port)
        }
        let issuer = try Self.issuer(configuration, listen)
        let now = SystemClock.now()
        let installation = try Installation(configuration, issuer: issuer, logger: logger, at: now)
        let random = installation.random
        let users = UserCache(capacity: 65_536) { Representation.user($0) }
        events = EventFollower(users: users)
        do throws(StoreError) {
            try events.follow(installation.store, at: now)
        } catch {
            throw ConfigurationError("The database \(configuration.databasePath) cannot be read: \(error.detail)")
        }
        let hasher = PasswordHasher(parameters: configuration.argon2, random: random)
        let throttle = LoginThrottle(limit: configuration.loginLimit)
        let common = BundledFiles.commonPasswords
        let readiness = Readiness()
        let anyAudience = installation.verifier(audiences: nil, revocations: events.revocations)
        let services = Services(
            store: installation.store, ring: installation.ring, rotation: installation.rotation, sessions: installation.sessions,
            registration: Registration(
                isOpen: configuration.registrationIsOpen, store: installation.store, sessions: installation.sessions, hasher: hasher,
                common: common, random: random),
            login: PasswordLogin(store: installation.store, sessions: installation.sessions, hasher: hasher, throttle: throttle),
            reauthentication: Reauthentication(store: installation.store, hasher: hasher, throttle: throttle, common: common),
            hasher: hasher, common: common, users: users,
            verifier: installation.verifier(audiences: [issuer], revocations: events.revocations), anyAudience: anyAudience,
            inspector: TokenInspector(
                store: installation.store, ring: installation.ring, sessions: installation.sessions, verifier: anyAudience),
            cookie: RefreshCookie(issuer: issuer, origins: configuration.corsOrigins),
            newID: { Identifier.uuid(at: $0, random: random) }, clock: SystemClock.now, unready: { readiness.reason })
        try FirstAdministrator.make(configuration, installation, hasher: hasher, common: common, logger: logger, at: now)
        try Self.rememberIssuer(installation, logger)
        if installation.ring.isShared {
            logger.warning("tokens are signed with a shared secret (HS256): whoever can verify them can also make them")
        }

        loops = EventLoops()
        lanes = Lanes()
        var serving = Server.Configuration(address: listen)
        serving.limits = configuration.limits
        serving.cors = configuration.cors
        serving.proxies = configuration.trustedProxies
        if logger.logLevel <= .debug { serving.accessLog = { AccessLog.write($0, to: logger) } }
        let pages = StaticFiles(try BundledFiles.pages(from: configuration.publicFolder))
        server = Server(
            serving, router: Router(Routes.all(services, bodyLimit: configuration.limits.body) + pages.routes), lanes: lanes, loops: loops,
            logger: logger, render: { refusal, id, _ in Self.render(refusal, id, logger) })
        metricsServer = configuration.metricsListen.map { [server, lanes, loops, events] address in
            let metrics = MetricsPage(
                installation: installation, server: server, lanes: lanes, events: events, startedAt: now)
            return Server(
                Server.Configuration(address: address), router: Router([metrics.route]), lanes: lanes, loops: loops, logger: logger,
                render: { refusal, id, _ in Self.render(refusal, id, logger) })
        }
        self.installation = installation
        self.readiness = readiness
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT, then drains. Throws when it cannot listen.
    func run(
        until signals: StopSignals, announce: (_ issuer: String, _ address: String, _ hasAdministrator: Bool) -> Void
    ) throws(ConfigurationError) {
        let upkeep = Upkeep(installation, events, readiness, logger: logger)
        let bound = try start(server, Setting.listen)
        if let metricsServer { _ = try start(metricsServer, .metricsListen) }
        let fact = try? installation.store.read { reads throws(StoreError) in try reads.fact(.hadAdministrator) }
        announce(installation.issuer, "\(bound)", fact != nil)
        let signal = signals.wait()
        logger.notice("stopping on \(signal)")
        readiness.set("The service is stopping.")
        let endedAll = server.drain(within: 10_000)
        if !endedAll { logger.warning("some requests were cut off after 10 seconds") }
        _ = metricsServer?.drain(within: 100)
        lanes.shutDown()
        upkeep.end()
        installation.store.close()
        try? loops.shutDown()
    }

    /// What a client is not told, the log is.
    private static func render(_ refusal: Refusal, _ id: RequestID, _ logger: Logger) -> Response {
        if refusal.status.code >= 500, let detail = refusal.logDetail {
            logger.error("\(detail)", metadata: ["code": "\(refusal.code)", "request_id": "\(id.description)"])
        }
        return ErrorBody.render(refusal, id)
    }

    private func start(_ server: Server, _ setting: Setting) throws(ConfigurationError) -> ListenAddress {
        do {
            return try server.start()
        } catch {
            throw ConfigurationError("Cannot listen (\(setting.variable)): \(error)")
        }
    }

    /// One database holds one issuer; commands that are not told another take it from there.
    private static func rememberIssuer(_ installation: Installation, _ logger: Logger) throws(ConfigurationError) {
        let issuer = installation.issuer
        do throws(StoreError) {
            let before = try installation.store.read { reads throws(StoreError) in try reads.fact(.issuer) }
            guard before != issuer else { return }
            if let before { logger.warning("the issuer was \(before) and is now \(issuer): tokens made before are not valid any more") }
            try installation.store.write { transaction throws(StoreError) in try transaction.setFact(.issuer, issuer) }
        } catch {
            throw ConfigurationError("The database \(installation.configuration.databasePath) cannot be written: \(error.detail)")
        }
    }

    private static func issuer(_ configuration: Configuration, _ listen: ListenAddress) throws(ConfigurationError) -> String {
        if let issuer = configuration.issuer { return issuer }
        guard case .tcp(_, let port) = listen else {
            throw ConfigurationError("\(Setting.issuer.variable) is needed when the service listens on a socket file.")
        }
        return "http://localhost:\(port)"
    }
}
