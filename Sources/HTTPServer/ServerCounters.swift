// ServerCounters: what a server has done, for metrics. Each event loop counts in its own set, which only it writes, so that
// counting is a plain load and store; reading adds the sets up.

import Synchronization

/// A server's counts at one moment.
package struct ServerCounters: Sendable, Equatable {
    /// Answers by the hundreds digit of their status, `[1xx, 2xx, 3xx, 4xx, 5xx]`.
    package var responsesByGroup = [0, 0, 0, 0, 0]
    /// Connections taken since the start.
    package var connectionsAccepted = 0
    /// Connections closed at once because there were too many.
    package var connectionsRefused = 0
    /// Connections open now.
    package var connectionsOpen = 0
    /// Bytes read and written since the start.
    package var bytesIn = 0
    package var bytesOut = 0
    /// Requests being answered now.
    package var requestsInFlight = 0
    /// Connections dropped because the peer took nothing of its answer.
    package var writeStalls = 0
    /// Requests that were too slow to arrive (408).
    package var requestTimeouts = 0
}

/// A number that one thread writes and any thread reads.
struct Count: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    /// Only on the one writing thread.
    @inline(__always)
    func add(_ amount: Int) {
        value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    var current: Int { value.load(ordering: .relaxed) }
}

/// The counts of one event loop.
final class LoopCounters: Sendable {
    let informational = Count()
    let successful = Count()
    let redirecting = Count()
    let clientErrors = Count()
    let serverErrors = Count()
    let accepted = Count()
    let refused = Count()
    let open = Count()
    let bytesIn = Count()
    let bytesOut = Count()
    let inFlight = Count()
    let writeStalls = Count()
    let timeouts = Count()

    @inline(__always)
    func countResponse(group: Int) {
        switch group {
        case 2: successful.add(1)
        case 4: clientErrors.add(1)
        case 3: redirecting.add(1)
        case 5: serverErrors.add(1)
        default: informational.add(1)
        }
    }

    func add(to total: inout ServerCounters) {
        total.responsesByGroup[0] += informational.current
        total.responsesByGroup[1] += successful.current
        total.responsesByGroup[2] += redirecting.current
        total.responsesByGroup[3] += clientErrors.current
        total.responsesByGroup[4] += serverErrors.current
        total.connectionsAccepted += accepted.current
        total.connectionsRefused += refused.current
        total.connectionsOpen += open.current
        total.bytesIn += bytesIn.current
        total.bytesOut += bytesOut.current
        total.requestsInFlight += inFlight.current
        total.writeStalls += writeStalls.current
        total.requestTimeouts += timeouts.current
    }
}
