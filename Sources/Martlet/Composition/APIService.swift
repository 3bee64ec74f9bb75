// APIService: a process that only consumes: it builds the verifier of another issuer and the routes behind it, and runs
// them until it is told to stop.

import HTTP
import HTTPServer
import Logging
import MartletThreads
import MartletVerifier
import MartletVerifierCurl
import ResourceServer

struct APIService: Sendable {
    private let issuer: RemoteVerifier
    private let loops: EventLoops
    private let lanes: Lanes
    private let server: Server
    private let metricsServer: Server?
    private let logger: Logger

    init(_ configuration: APIConfiguration, logger: Logger) throws(ConfigurationError) {
        let issuer: RemoteVerifier
        do throws(InvalidIssuer) {
            issuer = try RemoteVerifier(
                issuer: configuration.issuer, audience: configuration.audience, fetcher: CurlFetcher(), tiers: configuration.tiers,
                revocations: .followed(whenStale: configuration.whenStale))
        } catch {
            throw ConfigurationError("\(Setting.apiIssuer.variable): \(error)")
        }
        if let fitting = OpenFiles.allow(connections: configuration.limits.connections) {
            logger.warning("the system's limit of open files lets in \(fitting) connections, not \(configuration.limits.connections)")
        }
        let audience = configuration.audience ?? configuration.issuer
        let routes = WhoamiRoutes(
            issuer.verifier,
            metadata: ResourceMetadata(resource: audience, issuers: [configuration.issuer], scopes: [], name: "Martlet sample API"),
            clock: SystemClock.now, unready: { Self.unready(issuer) })
        loops = EventLoops()
        lanes = Lanes()
        var serving = Server.Configuration(address: configuration.listen)
        serving.limits = configuration.limits
        serving.cors = configuration.cors
        serving.proxies = configuration.trustedProxies
        if logger.logLevel <= .debug { serving.accessLog = { AccessLog.write($0, to: logger) } }
        // RFC 9728 §3.1: a client finds the document by the resource's own address, which only an audience that is a URL has.
        let pointer = SecureURL(audience).map { $0.origin + ResourceMetadata.path }
        server = Server(
            serving, router: Router(routes.all), lanes: lanes, loops: loops, logger: logger,
            render: { refusal, id, _ in ErrorBody.render(refusal, id, metadata: pointer) })
        metricsServer = configuration.metricsListen.map { [server, lanes, loops] address in
            let metrics = APIMetricsPage(issuer: issuer, server: server, lanes: lanes)
            return Server(
                Server.Configuration(address: address), router: Router([metrics.route]), lanes: lanes, loops: loops, logger: logger,
                render: { refusal, id, _ in ErrorBody.render(refusal, id) })
        }
        self.issuer = issuer
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT, then drains. Throws when it cannot listen.
    func run(until signals: StopSignals, announce: (_ address: String) -> Void) throws(ConfigurationError) {
        issuer.start()
        let bound = try Listening.start(server, .apiListen)
        if let metricsServer { _ = try Listening.start(metricsServer, .apiMetricsListen) }
        announce("\(bound)")
        let watch = IssuerWatch(issuer, logger: logger)
        let signal = signals.wait()
        logger.notice("stopping on \(signal)")
        watch.end()
        let endedAll = server.drain(within: 10_000)
        if !endedAll { logger.warning("some requests were cut off after 10 seconds") }
        _ = metricsServer?.drain(within: 100)
        issuer.stop()
        lanes.shutDown()
        try? loops.shutDown()
    }

    private static func unready(_ issuer: RemoteVerifier) -> String? {
        if issuer.isReady { return nil }
        return issuer.keys.state.isReady(at: SystemClock.now())
            ? "The issuer's revocations are not known yet." : "The issuer's keys are not known yet."
    }
}
