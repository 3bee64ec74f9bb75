// Fixture: a server on a loopback port, and a gate that a handler waits at until the test opens it.

import HTTP
import HTTPServer
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A running server and what it stands on.
struct Fixture {
    let server: Server
    let lanes: Lanes
    let loops: EventLoops
    let address: ListenAddress

    /// Starts a server with these routes.
    init(
        _ routes: [Route], address: String = "127.0.0.1:0", limits: Limits = Limits(), lanes: Lanes.Configuration = .init(),
        adjust: (inout Server.Configuration) -> Void = { _ in }
    ) throws {
        guard let listen = ListenAddress(address) else { throw Client.Failure(what: "address") }
        var configuration = Server.Configuration(address: listen)
        configuration.limits = limits
        adjust(&configuration)
        self.lanes = Lanes(lanes)
        loops = EventLoops(count: 2)
        server = Server(
            configuration, router: Router(routes), lanes: self.lanes, loops: loops,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { refusal, id, _ in
            .text(refusal.status, refusal.code).adding("x-test-id", "\(id)")
        }
        do {
            self.address = try server.start()
        } catch {
            try loops.shutDown()
            throw error
        }
    }

    /// Runs `body` with a server and takes everything down afterwards.
    static func with(
        _ routes: [Route], address: String = "127.0.0.1:0", limits: Limits = Limits(), lanes: Lanes.Configuration = .init(),
        adjust: (inout Server.Configuration) -> Void = { _ in }, _ body: (Fixture) throws -> Void
    ) throws {
        let fixture = try Fixture(routes, address: address, limits: limits, lanes: lanes, adjust: adjust)
        let result = Result { try body(fixture) }
        fixture.server.drain(within: 1000)
        fixture.lanes.shutDown()
        try fixture.loops.shutDown()
        try result.get()
    }
}

/// Holds whoever passes until it is opened.
final class Gate: Sendable {
    private let isOpen = Atomic(false)
    /// How many have come to the gate.
    let arrivals = Atomic(0)

    func pass() {
        arrivals.add(1, ordering: .relaxed)
        eventually { isOpen.load(ordering: .acquiring) }
    }

    func open() { isOpen.store(true, ordering: .releasing) }
}

/// Waits for something to become true, ten seconds at most.
@discardableResult
func eventually(_ holds: () -> Bool) -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(10)
    while clock.now < end {
        if holds() { return true }
        usleep(1000)
    }
    return holds()
}

/// Runs something that blocks on a thread of its own.
func inBackground(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    #if canImport(Glibc)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { opaque in
                if let opaque { Unmanaged<Box>.fromOpaque(opaque).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    #else
        var thread: pthread_t?
        pthread_create(
            &thread, nil,
            { opaque in
                Unmanaged<Box>.fromOpaque(opaque).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        if let thread { pthread_detach(thread) }
    #endif
}
