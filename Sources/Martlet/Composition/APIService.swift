// APIService: a process that only consumes: it builds the verifier of another issuer and the routes behind it, and runs
// them until it is told to stop.

import Logging
import MartletThreads
import MartletVerifier
import MartletVerifierCurl
import ResourceServer

struct APIService: Sendable {
    private let issuer: RemoteVerifier
    private let listeners: Listeners
    private let logger: Logger

    init(_ configuration: APIConfiguration, logger: Logger) throws(ConfigurationError) {
        let oldIssuer = try configuration.oldIssuer?.current(at: SystemClock.now(), logger: logger)
        let fetcher = CurlFetcher()
        // A feed that is not public wants a token, which the process gets as a client of its own.
        let feedToken = configuration.client.map { RenewedToken(issuer: $0.issuer, client: $0.id, secret: $0.secret, scope: "revocations") }
        let issuer: RemoteVerifier
        do throws(InvalidIssuer) {
            issuer = try RemoteVerifier(
                issuer: configuration.issuer, audience: configuration.audience,
                fetcher: feedToken?.watching(fetcher) ?? fetcher, tiers: configuration.tiers,
                revocations: .followed(whenStale: configuration.whenStale), authorization: { feedToken?.authorization() },
                oldIssuer: oldIssuer, proofNonces: configuration.proofNonces)
        } catch {
            throw ConfigurationError("\(Setting.apiIssuer.variable): \(error)")
        }
        let audience = configuration.audience ?? configuration.issuer
        // RFC 9728 §3.1: a client finds the document by the resource's own address, which only an audience that is a URL has.
        let address = SecureURL(audience)
        let routes = WhoamiRoutes(
            issuer.verifier, at: configuration.origin,
            metadata: ResourceMetadata(resource: audience, issuers: [configuration.issuer], scopes: [], name: "Martlet sample API"),
            target: address?.target, clock: SystemClock.now, unready: { Self.unready(issuer) })
        let pointer = address.map { $0.origin + ResourceMetadata.path(ofResourceAt: $0.target) }
        listeners = Listeners(
            address: configuration.listen, metricsAddress: configuration.metricsListen, limits: configuration.limits,
            cors: configuration.cors, proxies: configuration.trustedProxies, routes: routes.all, logger: logger,
            render: { refusal, id, request in ErrorBody.render(refusal, id, of: request, metadata: pointer) },
            metricsRoute: { server, lanes in APIMetricsPage(issuer: issuer, server: server, lanes: lanes).route })
        self.issuer = issuer
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT, then drains. Throws when it cannot listen.
    func run(until signals: StopSignals, announce: (_ address: String) -> Void) throws(ConfigurationError) {
        issuer.start()
        announce("\(try listeners.start(.apiListen, metrics: .apiMetricsListen))")
        let watch = IssuerWatch(issuer, logger: logger)
        let signal = signals.wait()
        logger.notice("stopping on \(signal)")
        watch.end()
        listeners.drain()
        issuer.stop()
        listeners.endLanes()
        listeners.endLoops()
    }

    private static func unready(_ issuer: RemoteVerifier) -> String? {
        if issuer.isReady { return nil }
        return issuer.keys.state.isReady(at: SystemClock.now())
            ? "The issuer's revocations are not known yet." : "The issuer's keys are not known yet."
    }
}
