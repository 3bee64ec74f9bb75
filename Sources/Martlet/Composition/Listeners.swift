// Listeners: the sockets of a process and what is below them: the server for everybody, the one for metrics on an address of its
// own, and the loops and lanes that both use. Whoever composes a process says which routes, and what to do before and after.

import HTTP
import HTTPServer
import Logging
import ResourceServer

struct Listeners: Sendable {
    private let server: Server
    private let metrics: Server?
    private let lanes: Lanes
    private let loops: EventLoops
    private let logger: Logger

    /// Servers that do not listen yet. `render` gives refusals their shape, `metricsRoute` is made of what it tells about. A proxy has
    /// one route for everything, and lanes of its own size.
    init(
        address: ListenAddress, metricsAddress: ListenAddress?, limits: Limits, cors: CORSPolicy, proxies: TrustedProxies, routes: [Route],
        everything: Route? = nil, lanes sizes: Lanes.Configuration = Lanes.Configuration(), logger: Logger,
        render: @escaping RefusalRenderer, metricsRoute: (Server, Lanes) -> Route
    ) {
        if let fitting = OpenFiles.allow(connections: limits.connections, outbound: sizes.outbound) {
            logger.warning("the system's limit of open files lets in \(fitting) connections, not \(limits.connections)")
        }
        let (loops, lanes) = (EventLoops(), Lanes(sizes))
        func make(_ configuration: Server.Configuration, _ router: Router, _ render: @escaping RefusalRenderer) -> Server {
            Server(configuration, router: router, lanes: lanes, loops: loops, logger: logger) { refusal, id, request in
                // What a client is not told, the log is.
                if refusal.status.code >= 500, let detail = refusal.logDetail {
                    logger.error("\(detail)", metadata: ["code": "\(refusal.code)", "request_id": "\(id.description)"])
                }
                return render(refusal, id, request)
            }
        }
        var serving = Server.Configuration(address: address)
        serving.limits = limits
        serving.cors = cors
        serving.proxies = proxies
        if logger.logLevel <= .debug { serving.accessLog = { AccessLog.write($0, to: logger) } }
        let server = make(serving, everything.map(Router.init(everything:)) ?? Router(routes), render)
        metrics = metricsAddress.map { address in
            make(Server.Configuration(address: address), Router([metricsRoute(server, lanes)])) { refusal, id, _ in
                ErrorBody.render(refusal, id)
            }
        }
        self.server = server
        self.lanes = lanes
        self.loops = loops
        self.logger = logger
    }

    /// Listens; answers the address that the server for everybody is really bound to. Throws what to say, by the settings that
    /// name the addresses.
    func start(_ setting: Setting, metrics metricsSetting: Setting) throws(ConfigurationError) -> ListenAddress {
        let bound = try Self.start(server, setting)
        if let metrics { _ = try Self.start(metrics, metricsSetting) }
        return bound
    }

    /// Takes no new requests, and waits ten seconds at most for those that are being answered.
    func drain() {
        if !server.drain(within: 10_000) { logger.warning("some requests were cut off after 10 seconds") }
        _ = metrics?.drain(within: 100)
    }

    /// Ends the threads of the lanes; none of their work is left then.
    func endLanes() { lanes.shutDown() }

    /// Ends the event loops: the last thing.
    func endLoops() { try? loops.shutDown() }

    private static func start(_ server: Server, _ setting: Setting) throws(ConfigurationError) -> ListenAddress {
        do {
            return try server.start()
        } catch {
            throw ConfigurationError("Cannot listen (\(setting.variable)): \(error)")
        }
    }
}
