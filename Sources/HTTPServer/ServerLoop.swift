// ServerLoop: one server's share of one event loop: its connections there, the buffer their answers are written into,
// the counters, and the one timer that looks after all their deadlines.

import HTTP
import MartletEncoding
import MartletThreads
import NIOCore
import Synchronization

/// What the connections of one server on one event loop share.
/// `@unchecked Sendable`: the variables are touched on `loop` only.
final class ServerLoop: @unchecked Sendable {
    let loop: any EventLoop
    let configuration: Server.Configuration
    let router: Router
    let lanes: Lanes
    let render: RefusalRenderer
    let bodies: BodyBudget
    let counters = LoopCounters()
    var serializer = ResponseSerializer()
    var ids: RequestID.Source
    /// Answers of the connection at work, until it flushes them; empty otherwise.
    var output: ByteBuffer
    /// The two clocks, read once for each event that a connection has to do with: bytes, an answer from a lane, a sweep.
    private(set) var now = Clock.monotonic()
    private(set) var wallTime = SystemClock.now()

    private let open: Monitor<Int>
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var sweep: RepeatedTask?
    private var isDraining = false

    init(
        loop: any EventLoop, configuration: Server.Configuration, router: Router, lanes: Lanes, render: @escaping RefusalRenderer,
        bodies: BodyBudget, open: Monitor<Int>
    ) {
        self.loop = loop
        self.configuration = configuration
        self.router = router
        self.lanes = lanes
        self.render = render
        self.bodies = bodies
        self.open = open
        var generator = SystemRandomNumberGenerator()
        ids = RequestID.Source(using: &generator)
        output = ByteBufferAllocator().buffer(capacity: Self.outputCapacity)
    }

    // MARK: On the loop

    func readClocks() {
        now = Clock.monotonic()
        wallTime = SystemClock.now()
    }

    /// Takes a connection; false when there are too many, or the server is going down.
    func admit(_ connection: Connection) -> Bool {
        let hasRoom = open.withLock { open in
            guard open < configuration.limits.connections else { return false }
            open += 1
            return true
        }
        guard hasRoom, !isDraining else {
            if hasRoom { release() }
            counters.refused.add(1)
            return false
        }
        counters.accepted.add(1)
        counters.open.add(1)
        connections[ObjectIdentifier(connection)] = connection
        return true
    }

    /// Forgets a connection that was admitted.
    func forget(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counters.open.add(-1)
        release()
    }

    private func release() {
        let isLast = open.withLock { open in
            open -= 1
            return open == 0
        }
        if isLast { open.broadcast() }
    }

    /// Makes the output buffer empty for the next connection; one that a large answer made grow is not kept.
    func resetOutput() {
        if output.capacity > Self.outputCapacity * 4 {
            output = ByteBufferAllocator().buffer(capacity: Self.outputCapacity)
        } else {
            output.clear()
        }
    }

    // MARK: From any thread

    func startSweeping() {
        loop.execute { [self] in
            sweep = loop.scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { [self] _ in
                readClocks()
                for connection in connections.values { connection.sweep() }
            }
        }
    }

    func stopSweeping() {
        loop.execute { [self] in
            sweep?.cancel()
            sweep = nil
        }
    }

    func drain() {
        loop.execute { [self] in
            isDraining = true
            for connection in connections.values { connection.drain() }
        }
    }

    func closeAll() {
        loop.execute { [self] in
            for connection in connections.values { connection.abort() }
        }
    }

    private static let sweepInterval = TimeAmount.milliseconds(250)
    private static let outputCapacity = 16 * 1024
}
