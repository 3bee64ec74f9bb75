// LanePool: the threads of one lane and the bounded queue before them. Threads start when there is more to do than
// threads doing it, up to the lane's size, and end when there has been nothing to do for half a minute: a hashing thread
// keeps megabytes while it lives.

import MartletThreads
import NIOCore

/// The threads of a lane.
final class LanePool: Sendable {
    /// A piece of work. It returns whether it did anything: what was dropped because its client had gone says nothing about how
    /// long the work takes.
    typealias Job = @Sendable () -> Bool

    private struct State {
        var queue = FairQueue<Job>()
        var threads: [UInt64: Thread] = [:]
        var lastThread: UInt64 = 0
        var idle = 0
        var busy = 0
        var refused = 0
        var isShutDown = false
        /// Running mean of what a job takes, in microseconds.
        var meanTime: Int64
    }

    private let size: Int
    private let queueBound: Int
    private let waitBound: Int64?
    private let idleTime: Int
    private let state: Monitor<State>

    /// - Parameters:
    ///   - size: threads, 1 or more.
    ///   - queueBound: jobs waiting; one more is refused.
    ///   - waitBound: the longest estimated wait in milliseconds; nil for no such bound. A lane with one runs at lower priority.
    ///   - idleTime: milliseconds without work after which a thread ends.
    ///   - firstEstimate: what a job takes, in microseconds, before any was measured.
    init(size: Int, queueBound: Int, waitBound: Int64? = nil, idleTime: Int, firstEstimate: Int64 = 1000) {
        self.size = size
        self.queueBound = queueBound
        self.waitBound = waitBound
        self.idleTime = idleTime
        state = Monitor(State(meanTime: firstEstimate))
    }

    /// Queues a job.
    /// - Returns: nil when it was taken, else the seconds after which to try again.
    func submit(client: UInt64, _ job: @escaping Job) -> Int? {
        let refusal: Int? = state.withLock { state in
            let wait = Int64(state.queue.jobsAhead(of: client) / size) * state.meanTime / 1000
            let isTooLong = waitBound.map { wait > $0 } ?? false
            guard !state.isShutDown, state.queue.count < queueBound, !isTooLong else {
                state.refused += 1
                return Int(min(60, wait / 1000 + 1))
            }
            state.queue.append(job, client: client)
            if state.idle < state.queue.count, state.threads.count < size {
                state.lastThread += 1
                let number = state.lastThread
                state.threads[number] = Thread(isBackground: waitBound != nil) { [self] in run(as: number) }
            }
            return nil
        }
        if refusal == nil { state.signal() }
        return refusal
    }

    /// What is going on, for metrics.
    var gauge: LaneGauge {
        state.withLock { LaneGauge(queued: $0.queue.count, busy: $0.busy, threads: $0.threads.count, refused: $0.refused) }
    }

    /// A thread that has had nothing to do takes itself off the list, unless something came in the meantime.
    private func leave(_ number: UInt64) -> Bool {
        state.withLock { state in
            state.idle -= 1
            guard state.queue.count == 0, !state.isShutDown else { return false }
            // Off the list nobody will join it any more.
            state.threads.removeValue(forKey: number)?.detach()
            return true
        }
    }

    /// Drops what is queued, lets what runs finish, and joins the threads.
    func shutDown() {
        let threads = state.withLock { state in
            state.isShutDown = true
            state.queue = FairQueue()
            defer { state.threads = [:] }
            return Array(state.threads.values)
        }
        state.broadcast()
        for thread in threads { thread.join() }
    }

    private enum Next {
        case run(Job)
        case stop
    }

    private func run(as number: UInt64) {
        while true {
            state.withLock { $0.idle += 1 }
            let next: Next? = state.wait(milliseconds: idleTime) { state in
                if state.isShutDown {
                    state.idle -= 1
                    return .stop
                }
                guard let job = state.queue.popFirst() else { return nil }
                state.idle -= 1
                state.busy += 1
                return .run(job)
            }
            guard let next else {
                guard leave(number) else { continue }
                return
            }
            guard case .run(let job) = next else { return }
            let start = NIODeadline.now()
            let didWork = job()
            let took = (NIODeadline.now() - start).nanoseconds / 1000
            state.withLock { state in
                state.busy -= 1
                if didWork { state.meanTime += (took - state.meanTime) / 16 }
            }
        }
    }
}

/// A lane at one moment.
package struct LaneGauge: Sendable, Equatable {
    /// Jobs waiting.
    package var queued: Int
    /// Threads at work.
    package var busy: Int
    /// Threads started.
    package var threads: Int
    /// Jobs refused since the start.
    package var refused: Int
}
