// FeedPublisher: the feed as it is given out: who waits for news, and when there is some. However many wait, a document is made
// once (FeedDocuments). How a request waits without holding a thread is the HTTP layers' business; a waiter here is a function.
//
//     events ──▶ FeedDocuments ──at once after a quiet time, then every 200 ms──▶ all who do not know it yet

package import MartletEncoding
import MartletThreads
package import Store
import Synchronization

/// Hands the feed's documents to those who wait.
package final class FeedPublisher: Sendable {
    /// Somebody who waits for news.
    package struct Waiter: Sendable {
        /// The sequence number that is known already.
        let after: Int64
        /// Who it is, for the share of one address.
        let client: UInt64
        /// Whether nobody is there any more, as far as can be told: it is answered then and gives up its place.
        let isGone: @Sendable () -> Bool
        /// Takes the news; called once at most, from any thread.
        let deliver: @Sendable (Result<FeedDocument, KeyRing.Failure>) -> Void

        package init(
            after: Int64, client: UInt64, isGone: @escaping @Sendable () -> Bool,
            deliver: @escaping @Sendable (Result<FeedDocument, KeyRing.Failure>) -> Void
        ) {
            self.after = after
            self.client = client
            self.isGone = isGone
            self.deliver = deliver
        }
    }

    /// Numbers for the operator.
    package struct Gauge: Sendable, Hashable {
        package var sequence: Int64
        package var entries: Int
        package var waiting: Int
        /// Documents signed since the start.
        package var signed: Int
    }

    /// Those who wait at once, at most; and of one address.
    package static let maximumWaiters = 2000
    package static let maximumWaitersPerClient = 16

    private struct State {
        var waiters: [Waiter] = []
        var waitersOfClient: [UInt64: Int] = [:]
        var isStopped = false
    }

    /// What is told.
    package let documents: FeedDocuments
    private let clock: @Sendable () -> UnixTime
    private let state = Monitor(State())

    package init(_ documents: FeedDocuments, clock: @escaping @Sendable () -> UnixTime) {
        self.documents = documents
        self.clock = clock
    }

    /// Takes in events of the log, in their order.
    package func apply(_ events: [RevocationEvent]) {
        documents.apply(events)
        state.broadcast()
    }

    /// Lets somebody wait for news; false when there is some, when too many wait, or when the feed ends: then they are to be
    /// answered at once. The time that they wait is theirs to watch.
    package func wait(_ waiter: Waiter) -> Bool {
        var gone: [Waiter] = []
        defer { deliver(to: gone, at: clock()) }
        return state.withLock { state in
            // With the lock held, so that what is published now finds the waiter in the list.
            guard !state.isStopped, !documents.hasNews(after: waiter.after) else { return false }
            let isFull = state.waiters.count >= Self.maximumWaiters
            if isFull || state.waitersOfClient[waiter.client, default: 0] >= Self.maximumWaitersPerClient {
                gone = Self.takeWaiters(&state) { $0.isGone() }
            }
            guard state.waiters.count < Self.maximumWaiters,
                state.waitersOfClient[waiter.client, default: 0] < Self.maximumWaitersPerClient
            else { return false }
            state.waiters.append(waiter)
            state.waitersOfClient[waiter.client, default: 0] += 1
            return true
        }
    }

    /// Publishes what was heard and hands it to those who wait for it. The feed's own thread does so; tests do it by hand.
    package func publish(at now: UnixTime) {
        guard let newest = documents.publish() else { return }
        deliver(to: state.withLock { state in Self.takeWaiters(&state) { $0.after < newest } }, at: now)
    }

    /// Publishes until ``stop()``; for a thread of the feed's own.
    package func run() {
        while true {
            let goesOn = state.wait(milliseconds: 1000) { state -> Bool? in
                if state.isStopped { return false }
                return documents.hasUnpublishedNews ? true : nil
            }
            if goesOn == false { return }
            if goesOn == true { publish(at: clock()) }
            deliver(to: state.withLock { state in Self.takeWaiters(&state) { $0.isGone() } }, at: clock())
            // Whatever comes in the meantime goes out together.
            if goesOn == true { _ = state.wait(milliseconds: Self.pause) { $0.isStopped ? true : nil } }
        }
    }

    /// Ends ``run()``, and answers everybody who waits.
    package func stop() {
        let waiters = state.withLock { state -> [Waiter] in
            state.isStopped = true
            return Self.takeWaiters(&state) { _ in true }
        }
        state.broadcast()
        deliver(to: waiters, at: clock())
    }

    package var gauge: Gauge {
        let told = documents.gauge
        return Gauge(
            sequence: told.sequence, entries: told.entries, waiting: state.withLock { $0.waiters.count }, signed: told.signed)
    }

    private func deliver(to waiters: [Waiter], at now: UnixTime) {
        for waiter in waiters {
            do throws(KeyRing.Failure) {
                waiter.deliver(.success(try documents.document(after: waiter.after, at: now)))
            } catch {
                waiter.deliver(.failure(error))
            }
        }
    }

    private static func takeWaiters(_ state: inout State, where isTaken: (Waiter) -> Bool) -> [Waiter] {
        var taken: [Waiter] = []
        var left: [Waiter] = []
        for waiter in state.waiters {
            if isTaken(waiter) { taken.append(waiter) } else { left.append(waiter) }
        }
        guard !taken.isEmpty else { return [] }
        state.waiters = left
        for waiter in taken {
            let count = state.waitersOfClient[waiter.client, default: 1] - 1
            state.waitersOfClient[waiter.client] = count > 0 ? count : nil
        }
        return taken
    }

    /// Milliseconds between two publications: far under the second that is promised.
    private static let pause = 200
}
