// Service: builds every object of a running service once, top to bottom, and runs it until it is told to stop.

import Accounts
import HTTP
import HTTPServer
import Logging
import MartletCryptography
import MartletEncoding
import MartletThreads
import MartletVerifier
import MartletVerifierCurl
import OAuth
import PasswordHashing
import ResourceServer
import Store
import Tokens
import Web

struct Service: Sendable {
    private let issuer: Issuer
    private let listeners: Listeners
    private let events: EventFollower
    private let feed: FeedPublisher
    private let logout: LogoutDelivery
    private let readiness: Readiness
    private let legacyPasswords = LegacyPasswords()
    private let logger: Logger

    init(_ configuration: Configuration, logger: Logger) throws(ConfigurationError) {
        var listen = configuration.listen
        if case .tcp(let host, 0) = listen {
            guard let port = FreePort.pick() else { throw ConfigurationError("The system has no free port.") }
            listen = .tcp(host: host, port: port)
        }
        let now = SystemClock.now()
        let scopes = try configuration.scopes()
        let installation = try Installation(configuration, for: .service, at: now)
        let oldIssuer = try configuration.oldIssuer?.current(at: now, logger: logger)
        let issuer = try Issuer(
            installation, name: try Self.issuer(configuration, listen), preparing: true, oldIssuer: oldIssuer, at: now)
        let random = installation.random
        if let before = try issuer.remember(at: now) {
            logger.warning("the issuer was \(before) and is now \(issuer.name): tokens made before are not valid any more")
        }
        let feed = FeedPublisher(
            FeedDocuments(issuer: issuer.name, lineage: try installation.fact(.lineage) ?? "", ring: issuer.ring), clock: SystemClock.now)
        let users = UserCache(capacity: 65_536) { Representation.user($0) }
        let throttle = LoginThrottle(limit: configuration.loginLimit)
        let fetcher = configuration.clientDocuments ? CurlFetcher(allowing: \.isPublic) : nil
        let documents = fetcher.map { ClientDocuments(fetcher: $0, throttle: throttle) }
        let clients = ClientDirectory(store: installation.store, documents: documents)
        events = EventFollower(users: users, clients: clients, feed: feed)
        do throws(StoreError) {
            try events.follow(installation.store, at: now)
        } catch {
            throw installation.explain(error)
        }
        let hasher = installation.hasher
        let registrar = try installation.clientRegistrar()
        let common = BundledFiles.commonPasswords
        let readiness = Readiness()
        let anyAudience = issuer.verifier(audiences: nil, revocations: events.revocations)
        let formTokenKey = try installation.key(.formTokenKey)
        var services = Services(
            store: installation.store, ring: issuer.ring, rotation: issuer.rotation, sessions: issuer.sessions,
            registration: Registration(
                isOpen: configuration.registrationIsOpen, store: installation.store, sessions: issuer.sessions, hasher: hasher,
                throttle: throttle, common: common, random: random),
            login: PasswordLogin(store: installation.store, sessions: issuer.sessions, hasher: hasher, throttle: throttle),
            reauthentication: Reauthentication(store: installation.store, hasher: hasher, throttle: throttle, common: common),
            throttle: throttle,
            hasher: hasher, legacyPasswords: legacyPasswords, common: common, users: users,
            clients: clients, registrar: registrar,
            clientRegistration: DynamicRegistration(
                access: configuration.clientRegistration, registrar: registrar, issuer: issuer.name,
                sectors: fetcher.map { SectorDocuments(fetcher: $0, throttle: throttle) }),
            oauth: AuthorizationServer(
                sessions: issuer.sessions, clients: clients,
                authenticator: ClientAuthenticator(secrets: registrar.secrets, issuer: issuer.name),
                keys: ClientKeys(fetcher: CurlFetcher(), publicFetcher: CurlFetcher(allowing: \.isPublic), throttle: throttle),
                scopes: ScopeCatalogue(own: scopes.scopes),
                resources: ResourceCatalogue(known: scopes.resources.map { $0 + [issuer.sessions.policy.audience] }),
                subjects: try installation.subjects(), throttle: throttle, verifier: anyAudience, store: installation.store,
                random: random),
            verifier: issuer.firstPartyVerifier(revocations: events.revocations), anyAudience: anyAudience,
            inspector: TokenInspector(
                store: installation.store, ring: issuer.ring, sessions: issuer.sessions, verifier: anyAudience),
            feed: Self.feed(feed, for: configuration.feed),
            cookie: RefreshCookie(issuer: issuer.name, origins: configuration.corsOrigins),
            pages: PageAnswers(templates: try BundledFiles.pageTemplates(from: configuration.publicFolder)),
            formTokens: FormTokens(key: formTokenKey), stamps: RequestStamps(key: formTokenKey), signInLimits: configuration.signInLimits,
            random: random,
            newID: { Identifier.uuid(at: $0, random: random) }, clock: SystemClock.now, unready: { readiness.reason })
        services.schemes += configuration.authHeaderTypes.map { $0.lowercased() }.filter { $0 != "bearer" }
        if configuration.demandsProofNonce { services.proofNonces = try installation.proofNonces() }
        if configuration.compat.contains(.drfJWT) { services.schemes.append("jwt") }
        try FirstAdministrator.make(configuration, installation, hasher: hasher, common: common, logger: logger, at: now)
        if issuer.ring.isShared {
            logger.warning("tokens are signed with a shared secret (HS256): whoever can verify them can also make them")
        }

        logout = LogoutDelivery(services.oauth, logger: logger)
        let pages = StaticFiles(try BundledFiles.pages(from: configuration.publicFolder))
        let (compat, simplejwt, djRestAuth) = (configuration.compat, configuration.simplejwt, configuration.djRestAuth)
        let routes = Routes.all(
            services, bodyLimit: configuration.limits.body, compat: compat, simplejwt: simplejwt, djRestAuth: djRestAuth)
        let metadata = issuer.name + ResourceMetadata.path
        let refusedPages = PageRefusals(pages: services.pages)
        listeners = Listeners(
            address: listen, metricsAddress: configuration.metricsListen, limits: configuration.limits,
            cors: configuration.cors.closed(at: PageRefusals.paths),
            proxies: configuration.trustedProxies, routes: routes + pages.routes, logger: logger,
            render: { refusal, id, request in
                simplejwt?.answer(to: refusal, of: request) ?? djRestAuth?.answer(to: refusal, of: request)
                    ?? (compat.contains(.drfJWT) ? DRFJWTRoutes.answer(to: refusal, of: request) : nil)
                    ?? refusedPages.answer(to: refusal, id, of: request) ?? OAuthRefusals.answer(to: refusal, of: request)
                    ?? ErrorBody.render(refusal, id, of: request, metadata: metadata)
            },
            metricsRoute: { [events, logout] server, lanes in
                MetricsPage(
                    issuer: issuer, server: server, lanes: lanes, events: events, feed: feed, logout: logout, startedAt: now
                ).route
            })
        self.feed = feed
        self.issuer = issuer
        self.readiness = readiness
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT, then drains. Throws when it cannot listen.
    func run(
        until signals: StopSignals, announce: (_ issuer: String, _ address: String, _ hasAdministrator: Bool) -> Void
    ) throws(ConfigurationError) {
        guard let publishing = Thread({ [feed] in feed.run() }) else {
            throw ConfigurationError("The system gives no thread for the revocation feed.")
        }
        guard logout.start() else { throw ConfigurationError("The system gives no threads for logout notices.") }
        let bound = try listeners.start(.listen, metrics: .metricsListen)
        // A new database has no keys for ID tokens. They take a moment, in which /readyz says that this is a start.
        try issuer.makeStatementKeys(at: SystemClock.now())
        let upkeep = Upkeep(issuer, events, readiness, legacyPasswords, logger: logger)
        announce(issuer.name, "\(bound)", try issuer.installation.fact(.hadAdministrator) != nil)
        let signal = signals.wait()
        logger.notice("stopping on \(signal)")
        readiness.set("The service is stopping.")
        // Those who wait for news are answered, so that they are not what the drain waits for.
        feed.stop()
        listeners.drain()
        listeners.endLanes()
        publishing.join()
        logout.end()
        upkeep.end()
        issuer.installation.store.close()
        listeners.endLoops()
    }

    private static func feed(_ publisher: FeedPublisher, for access: FeedAccess) -> Feed {
        switch access {
        case .everybody: .open(publisher)
        case .tokenHolders: .forTokens(publisher)
        case .nobody: .off
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
