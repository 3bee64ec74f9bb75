// RemoteKeySource: the keys of an issuer elsewhere. Readers take a snapshot and never wait; one thread of its own fetches, one
// fetch at a time. When is decided by KeyFetchPolicy, how by KeyFetch; here is what holds them together: the snapshot, those
// who wait for a fetch to end, and the tiers that stand between the policy and the network.
//
//     token ─ snapshot ─> known kid: nothing else happens
//                 └─ unknown ─> look ─> policy ─ wakes the thread ─> step: tiers ─> lock ─> tiers ─> network ─> snapshot, resume
public import MartletCryptography
public import MartletEncoding
import MartletJOSE
import MartletThreads
import Synchronization

/// Keys that are fetched from their issuer and kept fresh. Lives until ``stop()``.
public final class RemoteKeySource: KeySource, FeedKeys {
    /// What is known of an issuer.
    public enum Location: Sendable, Hashable {
        /// Its identifier (`iss`): where its keys are is asked of it (RFC 8414, OpenID Connect Discovery).
        case issuer(String)
        /// The address of its JWK Set.
        case keySet(SecureURL)
    }

    /// How long things may take.
    public struct Limits: Sendable, Hashable {
        /// Seconds for which keys that cannot be fetched again still verify; at least a minute.
        public let ceiling: Int64
        /// Seconds after a fetch for an unknown `kid` in which there is no other; at least one.
        public let cooldown: Int64

        /// Limits; a day and half a minute unless told otherwise.
        public init(ceiling: Int64 = 86_400, cooldown: Int64 = 30) {
            self.ceiling = max(60, ceiling)
            self.cooldown = max(1, cooldown)
        }
    }

    private struct Published {
        var snapshot: KeySnapshot
        var revocationsURL: SecureURL?
    }

    private struct Inside {
        var policy: KeyFetchPolicy
        var held: FetchedKeys?
        var metadata: KnownMetadata?
        var origin: KeySourceState.Origin?
        var fetches = 0
        var waiting: [@Sendable () -> Void] = []
        var thread: MartletThreads.Thread?
    }

    private let location: KeyLocation
    private let entryName: String
    private let fetcher: any Fetcher
    private let tiers: FleetTiers?
    private let limits: Limits
    private let random: RandomSource
    private let clock: @Sendable () -> UnixTime
    private let pause: (@Sendable (Int64) -> Void)?
    /// Only ever taken within the monitor, or alone.
    private let published: Mutex<Published>
    private let inside: Monitor<Inside>

    /// A source that fetches nothing yet; nil when an issuer's identifier is no ``SecureURL`` or has a query.
    ///
    /// - `tiers`: where keys are shared with other processes, and kept for a cold start.
    /// - `random`: for jitter.
    /// - `clock`: the time now.
    public convenience init?(
        _ location: Location, fetcher: any Fetcher, tiers: FleetTiers? = nil, limits: Limits = .init(), random: RandomSource = .secure,
        clock: @escaping @Sendable () -> UnixTime
    ) {
        self.init(location, fetcher: fetcher, tiers: tiers, limits: limits, random: random, clock: clock, pause: nil)
    }

    /// The same; `pause` is how to let so many milliseconds pass while another process fetches.
    package init?(
        _ location: Location, fetcher: any Fetcher, tiers: FleetTiers?, limits: Limits, random: RandomSource,
        clock: @escaping @Sendable () -> UnixTime, pause: (@Sendable (Int64) -> Void)?
    ) {
        switch location {
        case .issuer(let issuer):
            guard let discovery = IssuerDiscovery(issuer: issuer) else { return nil }
            self.location = .issuer(discovery)
            entryName = TierEntry.name("issuer " + issuer)
        case .keySet(let url):
            self.location = .keySet(url)
            entryName = TierEntry.name("jwks " + url.description)
        }
        self.fetcher = fetcher
        self.tiers = tiers
        self.limits = limits
        self.random = random
        self.clock = clock
        self.pause = pause
        let nothing = KeySnapshot(keys: JWKSet(), generation: 0, goodUntil: UnixTime(milliseconds: .min))
        published = Mutex(Published(snapshot: nothing))
        inside = Monitor(Inside(policy: KeyFetchPolicy(limits: limits)))
    }

    // MARK: Asking

    /// The keys as they are now. Never waits for a fetch.
    public var snapshot: KeySnapshot { published.withLock { $0.snapshot } }

    /// The revocation feed's address as the issuer's metadata names it.
    public var revocationsURL: SecureURL? { published.withLock { $0.revocationsURL } }

    /// Has keys fetched for a `kid` that is not here, at most once in each cooldown. For a source that does not run nothing is
    /// pending.
    public func look(for keyID: String?, at now: UnixTime) -> MissingKey {
        let (answer, isNew) = inside.withLock { inside in
            let wasPending = inside.policy.isPending
            let answer = inside.policy.look(
                for: keyID, in: snapshot, hasRoom: inside.waiting.count < Self.maximumWaiting, at: now)
            return (answer, answer == .pending && !wasPending)
        }
        if isNew { inside.broadcast() }
        return answer
    }

    /// Calls `resume` when the fetch that is coming or under way has ended; at once when none is, or too many wait already.
    public func whenSettled(_ resume: @escaping @Sendable () -> Void) {
        let isKept = inside.withLock { inside in
            guard inside.policy.isPending, inside.waiting.count < Self.maximumWaiting else { return false }
            inside.waiting.append(resume)
            return true
        }
        if !isKept { resume() }
    }

    /// Has keys fetched because the revocation feed says that they have changed.
    @discardableResult package func demandKeys(at now: UnixTime) -> Bool {
        let answer = inside.withLock { $0.policy.demand(at: now) }
        if answer { inside.broadcast() }
        return answer
    }

    /// How the source is doing.
    public var state: KeySourceState {
        let now = clock()
        return inside.withLock { inside in
            let policy = inside.policy
            let due = policy.due(at: now)
            return KeySourceState(
                isRunning: policy.isRunning, isFetching: policy.job != nil, lastSuccess: inside.held?.fetchedAt,
                goodUntil: inside.held.map { $0.fetchedAt.adding(seconds: limits.ceiling) }, origin: inside.origin,
                nextFetch: due.milliseconds == .max ? nil : max(due, now), fetches: inside.fetches, failures: policy.failures,
                consecutiveFailures: policy.consecutiveFailures, lastFailure: policy.lastFailure, cooldownUntil: policy.cooldown(at: now),
                absentKeyIDs: policy.absentKeyIDs, waiting: inside.waiting.count, keys: inside.held?.set.keys.count ?? 0,
                skippedKeys: inside.held?.skipped ?? 0, generation: snapshot.generation)
        }
    }

    // MARK: Running

    /// Starts the one thread that fetches. False when the system gives none, and for a source that has been started before.
    @discardableResult public func start() -> Bool {
        guard begin() else { return false }
        guard let thread = MartletThreads.Thread({ self.run() }) else {
            stop()
            return false
        }
        let isLate = inside.withLock { inside in
            guard !inside.policy.isStopped else { return true }
            inside.thread = thread
            return false
        }
        if isLate { thread.join() }
        return true
    }

    /// Ends the thread and gives up a fetch that is under way. Whoever waits is told; the keys stay good as long as they would have.
    public func stop() {
        let (thread, waiting) = inside.withLock { inside in
            inside.policy.stop()
            defer {
                inside.thread = nil
                inside.waiting = []
            }
            return (inside.thread, inside.waiting)
        }
        inside.broadcast()
        for resume in waiting { resume() }
        thread?.join()
    }

    /// Begins without a thread, for whoever calls ``step(at:)`` instead.
    @discardableResult package func begin() -> Bool {
        inside.withLock { $0.policy.start() }
    }

    /// Does what is due, and says when to come again.
    package func step(at now: UnixTime) -> UnixTime {
        if let job = inside.withLock({ $0.policy.begin(at: now) }) { carryOut(job) }
        return inside.withLock { $0.policy.due(at: clock()) }
    }

    private func run() {
        while !isStopped {
            _ = step(at: clock())
            var isDue = false
            while !isDue {
                let next = inside.withLock { $0.policy.due(at: clock()) }
                // Not longer than a while, so that a clock that is set is noticed.
                let (left, overflow) = next.milliseconds.subtractingReportingOverflow(clock().milliseconds)
                let milliseconds = Int(min(max(overflow ? .max : left, 1), Self.longestSleep))
                isDue =
                    inside.wait(milliseconds: milliseconds) { inside in
                        let now = clock()
                        return inside.policy.isStopped || inside.policy.due(at: now) <= now ? true : nil
                    } ?? false
            }
        }
    }

    private var isStopped: Bool { inside.withLock { $0.policy.isStopped } }

    // MARK: Fetching

    private func carryOut(_ job: KeyFetchPolicy.Job) {
        guard let tiers, !job.isDemanded else { return fetch(job) }
        if adopt(from: tiers, for: job) { return }
        let isLeader = tiers.lock(entryName, milliseconds: Self.lockTime)
        defer { if isLeader { tiers.unlock(entryName) } }
        if isLeader ? adopt(from: tiers, for: job) : wait(for: tiers, job) { return }
        fetch(job)
    }

    /// Another process fetches: what it writes is looked for until its time is over.
    private func wait(for tiers: FleetTiers, _ job: KeyFetchPolicy.Job) -> Bool {
        for _ in 0..<(Self.lockTime / Self.lookInterval) {
            if let pause {
                pause(Self.lookInterval)
            } else {
                _ = inside.wait(milliseconds: Int(Self.lookInterval)) { $0.policy.isStopped ? true : nil }
            }
            if isStopped || adopt(from: tiers, for: job) { return true }
        }
        return false
    }

    /// Takes over newer keys from the tiers, and answers whether that makes the fetch needless.
    private func adopt(from tiers: FleetTiers, for job: KeyFetchPolicy.Job) -> Bool {
        let now = clock()
        let latest = now.adding(seconds: KeyFetchPolicy.clockTolerance)
        // What this process says of a time that has not come counts as old.
        let known = inside.withLock { $0.policy.fetchedAt }.flatMap { $0 <= latest ? $0 : nil } ?? UnixTime(milliseconds: .min)
        let entries = tiers.read(entryName).compactMap { TierEntry(parsing: $0) }
            .filter { known < $0.fetchedAt && $0.fetchedAt <= latest && now < $0.fetchedAt.adding(seconds: limits.ceiling) }
            .sorted { $1.fetchedAt < $0.fetchedAt }
        for entry in entries {
            guard let keys = FetchedKeys(entry) else { continue }
            let fraction = jitter()
            let isDue = KeyFetchPolicy.refreshTime(keys, limits, fraction: fraction) <= now
            let isNews =
                job.keyIDs.contains { keys.set.contains(keyID: $0) } || now < keys.fetchedAt.adding(seconds: limits.cooldown)
            let isEnough = !isDue && (!job.isForced || isNews)
            // Who waits for a fetch goes on waiting for it, but where there was nothing these keys may be all that is needed.
            settle(isOver: isEnough || snapshot.goodUntil <= now) { inside in
                takeMetadata(of: entry, &inside)
                take(keys, from: .tier, fraction: fraction, &inside)
                if isEnough { inside.policy.succeeded(with: keys, isAsked: false, at: now) }
            }
            return isEnough
        }
        return false
    }

    private func fetch(_ job: KeyFetchPolicy.Job) {
        let now = clock()
        let (held, metadata) = inside.withLock { inside in
            inside.fetches += 1
            return (inside.held, inside.metadata)
        }
        var known = metadata
        let result: Result<FetchedKeys, KeyFetchFailure>
        do throws(KeyFetchFailure) {
            let documents = DocumentFetch(
                fetcher: fetcher, isBypassingCaches: job.isForced || job.isDemanded, clock: clock
            ) { [self] in isStopped }
            let fetch = KeyFetch(location: location, documents: documents, ceiling: limits.ceiling)
            result = .success(try fetch.keys(holding: held, &known, at: now))
        } catch {
            result = .failure(error)
        }
        settle { inside in
            inside.metadata = known
            if let metadata = known?.metadata { published.withLock { $0.revocationsURL = metadata.revocationsURL } }
            switch result {
            case .success(let keys):
                take(keys, from: .network, fraction: jitter(), &inside)
                inside.policy.succeeded(with: keys, isAsked: true, at: clock())
            case .failure(let failure):
                inside.policy.failed(failure, at: clock(), fraction: jitter())
            }
        }
        // After everybody has the keys: a tier that is slow to write to keeps nobody waiting.
        if case .success(let keys) = result { write(keys, known?.metadata) }
    }

    private func write(_ keys: FetchedKeys, _ metadata: IssuerMetadata?) {
        let entry = TierEntry(
            fetchedAt: keys.fetchedAt, lifetime: keys.lifetime, keySetURL: keys.url, entityTag: keys.entityTag,
            metadataAt: metadata?.fetchedAt, revocationsURL: metadata?.revocationsURL, bytes: keys.bytes)
        tiers?.write(entryName, entry.json, lifetime: limits.ceiling)
    }

    /// Changes what is inside, then tells those who wait, if that is over: they look again.
    private func settle(isOver: Bool = true, _ change: (inout Inside) -> Void) {
        let waiting = inside.withLock { inside in
            change(&inside)
            guard isOver else { return [] as [@Sendable () -> Void] }
            defer { inside.waiting = [] }
            return inside.waiting
        }
        for resume in waiting { resume() }
    }

    /// The same bytes are the same generation: nothing that was verified with them is verified anew.
    private func take(_ keys: FetchedKeys, from origin: KeySourceState.Origin, fraction: Double, _ inside: inout Inside) {
        let isChanged = inside.held?.bytes != keys.bytes
        published.withLock { published in
            let old = published.snapshot
            published.snapshot = KeySnapshot(
                keys: isChanged ? keys.set : old.keys, generation: isChanged ? old.generation + 1 : old.generation,
                goodUntil: keys.fetchedAt.adding(seconds: limits.ceiling))
        }
        inside.held = keys
        inside.origin = origin
        inside.policy.took(keys, isChanged: isChanged, fraction: fraction)
    }

    private func takeMetadata(of entry: TierEntry, _ inside: inout Inside) {
        guard case .issuer = location, let fetchedAt = entry.metadataAt else { return }
        if let known = inside.metadata?.metadata, fetchedAt <= known.fetchedAt { return }
        let metadata = IssuerMetadata(keySetURL: entry.keySetURL, revocationsURL: entry.revocationsURL, fetchedAt: fetchedAt)
        inside.metadata = KnownMetadata(metadata, from: fetchedAt)
        published.withLock { $0.revocationsURL = entry.revocationsURL }
    }

    /// Uniform in 0..<1.
    private func jitter() -> Double {
        Double(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) / 4_294_967_296
    }

    private static let maximumWaiting = 1024
    private static let longestSleep: Int64 = 60_000
    private static let lockTime: Int64 = 6000
    private static let lookInterval: Int64 = 50
}
