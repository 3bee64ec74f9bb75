// Server: a listener and its connections. `start` returns once it listens; `drain` stops listening, lets the requests at
// hand finish and returns when the last connection is gone or the time is over. Several servers may share loops and lanes.

package import HTTP
package import Logging
import MartletThreads
import NIOCore
import NIOPosix
import Synchronization

/// An HTTP server.
package final class Server: Sendable {
    /// What a server is told.
    package struct Configuration: Sendable {
        /// Where to listen.
        package var address: ListenAddress
        /// What a connection may cost.
        package var limits = Limits()
        /// Cross-origin rules.
        package var cors = CORSPolicy.none
        /// Whose word about the client's address is taken.
        package var proxies = TrustedProxies.none
        /// Called on the event loop for every answer; must not block. nil costs nothing.
        package var accessLog: (@Sendable (RequestSummary) -> Void)?

        /// Defaults for everything but the address.
        package init(address: ListenAddress) {
            self.address = address
        }
    }

    private let configuration: Configuration
    private let loops: EventLoops
    private let shares: [ObjectIdentifier: ServerLoop]
    private let logger: Logger
    private let listener = Mutex<(any Channel)?>(nil)
    private let open: Monitor<Int>

    /// A server that does not listen yet.
    package init(
        _ configuration: Configuration, router: Router, lanes: Lanes, loops: EventLoops, logger: Logger,
        render: @escaping RefusalRenderer
    ) {
        self.configuration = configuration
        self.loops = loops
        self.logger = logger
        let open = Monitor(0)
        self.open = open
        let bodies = BodyBudget(bytes: configuration.limits.bodies)
        var shares = [ObjectIdentifier: ServerLoop]()
        for loop in loops.group.makeIterator() {
            shares[ObjectIdentifier(loop)] = ServerLoop(
                loop: loop, configuration: configuration, router: router, lanes: lanes, render: render, bodies: bodies,
                open: open)
        }
        self.shares = shares
    }

    /// Listens. Blocks until the socket is bound, so never from an event loop.
    /// - Returns: the address really bound, with the port the system picked where 0 was asked for.
    /// - Throws: what the system says (address in use, no permission …).
    package func start() throws -> ListenAddress {
        let shares = shares
        let bootstrap = ServerBootstrap(group: loops.group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read at a time: after each the connection says whether it wants another, which bounds what it holds.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: ConnectionState.readBytes)
            )
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let share = shares[ObjectIdentifier(channel.eventLoop)] else { return }
                    try channel.pipeline.syncOperations.addHandler(Connection(share))
                }
            }
        let listener: any Channel
        let bound: ListenAddress
        switch configuration.address {
        case .tcp(let host, let port):
            listener = try bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1).bind(host: host, port: port).wait()
            bound = .tcp(host: host, port: listener.localAddress?.port ?? port)
        case .unix(let path):
            try refuseIfAnswered(path)
            listener = try bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
            bound = configuration.address
        }
        self.listener.withLock { $0 = listener }
        for share in shares.values { share.startSweeping() }
        logger.debug("listening", metadata: ["address": "\(bound)"])
        return bound
    }

    /// Stops: no new connections, idle ones close, requests at hand are answered with `Connection: close`. Blocks until all
    /// connections are gone, and at the end of the time closes those that are left.
    /// - Parameter milliseconds: the time.
    /// - Returns: whether every connection ended by itself.
    @discardableResult
    package func drain(within milliseconds: Int64 = 10_000) -> Bool {
        let listener = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? listener?.close().wait()
        for share in shares.values { share.drain() }
        let ended = open.wait(milliseconds: Int(milliseconds)) { $0 == 0 ? true : nil } ?? false
        if !ended {
            logger.warning("closing the connections that did not end in time", metadata: ["connections": "\(open.withLock { $0 })"])
            for share in shares.values { share.closeAll() }
            _ = open.wait(milliseconds: 1000) { $0 == 0 ? true : nil }
        }
        for share in shares.values { share.stopSweeping() }
        return ended
    }

    /// What this server has done so far.
    package var counters: ServerCounters {
        var total = ServerCounters()
        for share in shares.values { share.counters.add(to: &total) }
        return total
    }

    /// A socket file may be left from a process that died; one that somebody answers on is not ours to remove.
    private func refuseIfAnswered(_ path: String) throws {
        guard let answered = try? ClientBootstrap(group: loops.group).connect(unixDomainSocketPath: path).wait() else { return }
        answered.close(promise: nil)
        throw ListenError.inUse(path)
    }
}

/// Why a server does not listen.
package enum ListenError: Error, Equatable, CustomStringConvertible {
    /// Somebody answers on this Unix-domain socket.
    case inUse(String)

    package var description: String {
        switch self {
        case .inUse(let path): "another process listens on \(path)"
        }
    }
}
