// Lanes: the thread pools that blocking work runs on, shared by all servers of a process. Their sizes and bounds stand
// here; past a bound the answer is 503 `overloaded` with `Retry-After`, never a longer queue.

package import HTTP

/// The lanes besides the event loops.
package final class Lanes: Sendable {
    /// Sizes and bounds.
    package struct Configuration: Sendable {
        /// Threads for the database and files.
        package var workers = 32
        /// Requests waiting for one of them.
        package var workerQueue = 4096
        /// Threads for password hashing.
        package var hashers = AvailableCores.count
        /// Requests waiting for one of them, whatever the estimate says.
        package var hashingQueue = 1024
        /// The longest estimated wait for hashing, in milliseconds.
        package var hashingWait: Int64 = 5000
        /// Threads for calls to other hosts.
        package var outbound = 16
        /// Calls waiting for one of them.
        package var outboundQueue = 256
        /// Milliseconds without work after which a thread ends, and gives back what memory it kept.
        package var idleTime = 30_000

        /// The defaults.
        package init() {}
    }

    private let worker: LanePool
    private let hashing: LanePool
    private let outbound: LanePool

    /// Lanes without a thread yet: each starts its threads as work comes.
    package init(_ configuration: Configuration = Configuration()) {
        worker = LanePool(size: max(1, configuration.workers), queueBound: configuration.workerQueue, idleTime: configuration.idleTime)
        hashing = LanePool(
            size: max(1, configuration.hashers), queueBound: configuration.hashingQueue,
            waitBound: configuration.hashingWait, idleTime: configuration.idleTime, firstEstimate: 30_000)
        outbound = LanePool(size: max(1, configuration.outbound), queueBound: configuration.outboundQueue, idleTime: configuration.idleTime)
    }

    /// What a lane is doing; nil for `.loop`, which has no queue.
    package func gauge(_ lane: Lane) -> LaneGauge? {
        pool(lane)?.gauge
    }

    /// Drops what is queued, waits for what runs, and ends the threads. The servers have to be drained before.
    package func shutDown() {
        for pool in [worker, hashing, outbound] { pool.shutDown() }
    }

    /// Queues a job on a lane other than `.loop`; only hashing is fair by client, the others are first in, first out.
    /// - Returns: nil when it was taken, else why not.
    func submit(_ lane: Lane, client: UInt64, _ job: @escaping LanePool.Job) -> Refusal? {
        guard let pool = pool(lane) else { return nil }
        return pool.submit(client: lane == .hashing ? client : 0, job).map { .overloaded(retryAfter: $0) }
    }

    private func pool(_ lane: Lane) -> LanePool? {
        switch lane {
        case .loop: nil
        case .worker: worker
        case .hashing: hashing
        case .outbound: outbound
        }
    }
}
