// RevocationFeed: follows an issuer's revocation feed, and answers for every token whether it has been taken back. It owns the
// set of revocations, the thread that asks for news, and what is told about both. What is asked next is FeedExchange's
// business, what a document means RevocationDocument+Verifying's and FeedPosition's.
//
// A verdict costs a look at the set: nothing on the way of a token waits for the network or for a document that comes in.
package import MartletCryptography
public import MartletEncoding
import MartletThreads
import Synchronization

/// An issuer's revocations, as its feed tells them.
///
/// It does nothing until ``start()``, and follows the feed, kept alive by its thread, until ``stop()``. What it knows stays
/// known: a revoked token is refused however long nothing was heard.
public final class RevocationFeed: RevocationCheck {
    /// What is made of tokens when nothing has been heard from the feed for long.
    public enum WhenStale: Sendable, Hashable {
        /// They are accepted: they die by themselves at their `exp`.
        case accept
        /// They are refused when the last news is older than this many seconds, and before the first. The
        /// issuer is asked to say at least twice in that time that there are none.
        case refuse(afterSeconds: Int64)
    }

    private let whenStale: WhenStale
    private let clock: @Sendable () -> UnixTime
    private let revocations: RevocationSet
    /// Held during an exchange. Only ``step(at:)`` asks for it.
    private let exchange: Mutex<FeedExchange>
    private let progress = Mutex(RevocationFeedState())
    /// `iat` of the last document that was applied, in seconds.
    private let heard = Atomic<Int64>(never)
    private let run = Mutex<Run?>(nil)

    /// A feed that is not followed yet.
    ///
    /// - `issuer`: what `iss` must be, byte by byte.
    /// - `keys`: the issuer's keys, and the feed's address.
    /// - `fetcher`: carries out the requests; one at a time.
    /// - `whenStale`: what is made of tokens when nothing has been heard for long.
    /// - `wait`: seconds for which the issuer may hold a request while there is no news, brought into 0…25.
    /// - `authorization`: the value of the `Authorization` header, asked for before every request; nil for none.
    /// - `random`: for jitter.
    /// - `capacity`: most revocations that are held; a document that would bring more is refused.
    /// - `clock`: says what time it is.
    package init(
        issuer: String, keys: any FeedKeys, fetcher: any Fetcher, whenStale: WhenStale = .accept, wait: Int64 = 20,
        authorization: @escaping @Sendable () -> String? = { nil }, random: RandomSource = .secure, capacity: Int = 4_000_000,
        clock: @escaping @Sendable () -> UnixTime = SystemClock.now
    ) {
        self.whenStale = whenStale
        self.clock = clock
        revocations = RevocationSet()
        var wait = min(max(wait, 0), 25)
        if case .refuse(let seconds) = whenStale { wait = min(wait, max(seconds, 0) / 2) }
        exchange = Mutex(
            FeedExchange(
                issuer: issuer, keys: keys, fetcher: fetcher, revocations: revocations, capacity: capacity, wait: wait,
                authorization: authorization, pace: FeedPace(random: random), clock: clock))
    }

    /// Begins to follow the feed on a thread of its own; does nothing when that is so already.
    /// - Returns: false when the system has no thread to give.
    @discardableResult
    public func start() -> Bool {
        run.withLock { run in
            guard run == nil else { return true }
            run = Run(following: self)
            return run != nil
        }
    }

    /// Ends that, and waits until it has ended: an exchange that goes on is cancelled, which takes a ``Fetcher`` a second at
    /// most. What is known stays known.
    public func stop() {
        let ended = run.withLock { run in
            defer { run = nil }
            return run
        }
        ended?.end()
    }

    /// Whether the token is taken back, and if not, whether anybody can say.
    public func verdict(on token: RevocationSubject, at now: UnixTime) -> RevocationVerdict {
        if revocations.isRevoked(token) { return .revoked }
        guard case .refuse(let seconds) = whenStale else { return .standing }
        let heard = heard.load(ordering: .relaxed)
        // What was heard at a time that has not come was heard by a clock that was wrong, and says nothing.
        let isFresh = heard != Self.never && now.seconds - heard <= seconds && heard - now.seconds <= RevocationDocument.leeway
        return isFresh ? .standing : .stale
    }

    /// How it goes, as of now.
    public var state: RevocationFeedState {
        var state = progress.withLock { $0 }
        let heard = heard.load(ordering: .relaxed)
        state.liveEntries = revocations.count
        state.staleness = heard == Self.never ? nil : max(clock().seconds - heard, 0)
        return state
    }

    /// One exchange with the issuer, which may take as long as the longest request.
    /// - Returns: when the next is due; a time that has come means at once.
    package func step(at now: UnixTime) -> UnixTime {
        step(at: now) { false }
    }

    private func step(at now: UnixTime, isCancelled: @escaping @Sendable () -> Bool) -> UnixTime {
        exchange.withLock { exchange in
            let outcome = exchange.step(at: now, isCancelled: isCancelled)
            let position = exchange.position
            // The entries are in the set by now: who sees the time has the news.
            if let position { heard.store(position.issuedAt, ordering: .releasing) }
            progress.withLock { $0.note(outcome.event, hasFeed: exchange.hasFeed, position: position, at: clock()) }
            return outcome.next
        }
    }

    private func follow(until isEnded: Monitor<Bool>) {
        while true {
            let next = step(at: clock()) { isEnded.withLock { $0 } }
            // A clock that is stepped back makes nobody wait for it to come round again.
            let pause = min(max(next.milliseconds - clock().milliseconds, 0), Self.longestPause)
            if isEnded.wait(milliseconds: Int(pause), until: { $0 ? true : nil }) != nil { return }
        }
    }

    /// What goes on from a start to a stop.
    private struct Run: Sendable {
        private let isEnded: Monitor<Bool>
        private let thread: Thread

        init?(following feed: RevocationFeed) {
            let isEnded = Monitor(false)
            guard let thread = Thread({ feed.follow(until: isEnded) }) else { return nil }
            self.isEnded = isEnded
            self.thread = thread
        }

        func end() {
            isEnded.withLock { $0 = true }
            isEnded.broadcast()
            thread.join()
        }
    }

    private static let never = Int64.min
    /// In milliseconds.
    private static let longestPause: Int64 = 60_000
}

extension RevocationFeedState {
    fileprivate mutating func note(_ event: FeedExchange.Event, hasFeed: Bool?, position: FeedPosition?, at now: UnixTime) {
        self.hasFeed = hasFeed
        switch event {
        case .nothing: break
        case .applied:
            applied += 1
            lastSuccess = now
            lineage = position?.lineage
            sequence = position?.sequence
        case .failed(let failure):
            failures += 1
            lastFailure = failure
            lastFailureAt = now
            if case .refused(let refusal) = failure { refused[refusal, default: 0] += 1 }
        }
    }
}
