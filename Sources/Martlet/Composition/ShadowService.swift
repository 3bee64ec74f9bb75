// ShadowService: a process that stands before the old service: it builds the proxy and what it writes to, and runs them until it is told
// to stop; then it drains, asks what is still to be asked, and prints the summary.

import HTTP
import HTTPServer
import Logging
import MartletThreads
import ResourceServer
import Shadow

struct ShadowService: Sendable {
    private let configuration: ShadowConfiguration
    private let proxy: ShadowProxy
    private let tally: Tally
    private let listeners: Listeners
    private let logger: Logger

    init(_ configuration: ShadowConfiguration, logger: Logger) throws(ConfigurationError) {
        let tally = Tally()
        let old = Upstream(
            configuration.old, name: "the old service", timeout: configuration.oldTimeout, mostBytes: configuration.maxAnswer,
            keeping: Self.kept, logger: logger)
        let new = Upstream(
            configuration.new, name: "Martlet", timeout: configuration.newTimeout, mostBytes: Self.mostCompared, keeping: Self.kept,
            logger: logger)
        let proxy = ShadowProxy(configuration, old: old, new: new, tally: tally, report: try ReportFile(configuration.reportPath))
        var lanes = Lanes.Configuration()
        (lanes.outbound, lanes.outboundQueue) = (Self.atOnce, Self.mostWaiting)
        listeners = Listeners(
            address: configuration.listen, metricsAddress: configuration.metricsListen, limits: configuration.limits, cors: .none,
            proxies: .none, routes: [], everything: proxy.route, lanes: lanes, logger: logger,
            render: { refusal, id, _ in ErrorBody.render(refusal, id) },
            metricsRoute: { server, lanes in ShadowMetricsPage(tally: tally, proxy: proxy, server: server, lanes: lanes).route })
        self.configuration = configuration
        self.proxy = proxy
        self.tally = tally
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT. Throws when it cannot listen.
    func run(until signals: StopSignals, output: ShadowOutput, announce: (_ address: String) -> Void) throws(ConfigurationError) {
        announce("\(try listeners.start(.shadowListen, metrics: .shadowMetricsListen))")
        let stop = Monitor(false)
        let clock = configuration.summaryMinutes > 0 ? summaries(output, until: stop) : nil
        let signal = signals.wait { output.summarise(tally.summary) }
        logger.notice("stopping on \(signal)")
        stop.withLock { $0 = true }
        stop.broadcast()
        clock?.join()
        listeners.drain()
        proxy.stopAnswering()
        listeners.endLanes()
        proxy.end()
        output.summarise(tally.summary)
        listeners.endLoops()
    }

    private func summaries(_ output: ShadowOutput, until stop: Monitor<Bool>) -> Thread? {
        Thread { [tally, configuration] in
            while stop.wait(milliseconds: configuration.summaryMinutes * 60_000, until: { $0 ? true : nil }) == nil {
                output.summarise(tally.summary)
            }
        }
    }

    /// Requests that the old service is asked at the same time; each holds a thread while it waits.
    private static let atOnce = 256
    private static let mostWaiting = 2048
    private static let kept = 32
    /// Bytes of an answer of Martlet's; more is not compared.
    private static let mostCompared = 2 << 20
}
