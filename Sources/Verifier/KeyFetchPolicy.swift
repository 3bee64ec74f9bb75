// KeyFetchPolicy: when an issuer is asked for its keys, as a value: it is told what happens and says what is due. It knows no
// network, no thread and no clock.
//
//     refresh   at 75…85 % of the lifetime; after a failure at 1, 2, 4 … 60 s, jittered. Requests never make it more often.
//     forced    for an unknown kid: at once, then not again for the cooldown, which starts at its end, failed or not.
//     demanded  by the revocation feed: at once, once in 5 s, whatever strangers' kids have used up; repeated until it succeeds.
//
// One fetch can be several of these. A known kid does not get here at all.
import MartletEncoding
import MartletJOSE

/// When to fetch, and what to say of a `kid` meanwhile.
struct KeyFetchPolicy: Sendable {
    /// One fetch, and what for.
    struct Job: Sendable {
        let isRefresh: Bool
        let isForced: Bool
        let isDemanded: Bool
        /// Those unknown ones that were asked for before it began.
        let keyIDs: [String]
    }

    private enum Phase { case idle, running, stopped }

    let limits: RemoteKeySource.Limits
    private var phase = Phase.idle
    private(set) var job: Job?
    private var hasEnded = false
    private var asked: [[UInt8]]?
    private var absent = AbsentKeyIDs()
    private var cooldownUntil = UnixTime(milliseconds: .min)
    private var demandAt: UnixTime?
    private var lastDemand = UnixTime(milliseconds: .min)
    /// Of the keys that are held.
    private(set) var fetchedAt: UnixTime?
    private var refreshAt = UnixTime(milliseconds: .min)
    private var retryAt: UnixTime?
    private var failedRefreshes = 0
    private(set) var failures = 0
    private(set) var consecutiveFailures = 0
    private(set) var lastFailure: KeyFetchFailure?

    init(limits: RemoteKeySource.Limits) {
        self.limits = limits
    }

    var isRunning: Bool { phase == .running }
    var isStopped: Bool { phase == .stopped }
    var absentKeyIDs: Int { absent.count }
    /// Whether somebody was told that an answer is coming.
    var isPending: Bool { isRunning && (job != nil || asked != nil || !hasEnded) }

    func cooldown(at now: UnixTime) -> UnixTime? {
        isAhead(cooldownUntil, at: now, within: limits.cooldown) ? cooldownUntil : nil
    }

    /// Begins; what was stopped stays so.
    mutating func start() -> Bool {
        guard phase == .idle else { return false }
        phase = .running
        return true
    }

    mutating func stop() {
        phase = .stopped
        asked = nil
        job = nil
    }

    // MARK: What is asked

    /// What to make of a `kid` that these keys do not have, or of any when they are not good any more.
    mutating func look(for keyID: String?, in snapshot: KeySnapshot, hasRoom: Bool, at now: UnixTime) -> MissingKey {
        if let keyID, keyID.utf8.count > Self.longestKeyID { return .unknown }
        guard now < snapshot.goodUntil else {
            // Whoever comes changes nothing about when it is tried again.
            return isRunning && hasRoom && (job != nil || !hasEnded) ? .pending : .unavailable
        }
        guard isRunning, let keyID, !keyID.isEmpty else { return .unknown }
        // It came between the caller's look at the keys and this one.
        if snapshot.keys.contains(keyID: keyID) { return .pending }
        let name = Array(keyID.utf8)
        guard !absent.contains(name, at: now) else { return .unknown }
        // Nothing can be said about it: there may be a good token among so many.
        guard hasRoom else { return .unavailable }
        if job != nil { return .pending }
        if asked == nil, cooldown(at: now) != nil { return .unknown }
        var names = asked ?? []
        if names.count < AbsentKeyIDs.maximum { names.append(name) }
        asked = names
        return .pending
    }

    /// The feed wants keys. False only when nothing runs.
    mutating func demand(at now: UnixTime) -> Bool {
        guard isRunning else { return false }
        if demandAt == nil {
            let next = lastDemand.adding(seconds: Self.demandInterval)
            demandAt = isAhead(next, at: now, within: Self.demandInterval) ? next : now
        }
        return true
    }

    // MARK: What is due

    /// When the next fetch is; `.max` while one is under way.
    func due(at now: UnixTime) -> UnixTime {
        guard isRunning, job == nil else { return UnixTime(milliseconds: .max) }
        if asked != nil { return now }
        return min(refresh(at: now), demand(dueAt: now) ?? UnixTime(milliseconds: .max))
    }

    mutating func begin(at now: UnixTime) -> Job? {
        guard due(at: now) <= now else { return nil }
        let isDemanded = demand(dueAt: now).map { $0 <= now } ?? false
        let job = Job(
            isRefresh: refresh(at: now) <= now, isForced: asked != nil, isDemanded: isDemanded,
            keyIDs: (asked ?? []).map { String(decoding: $0, as: UTF8.self) })
        if isDemanded {
            demandAt = nil
            lastDemand = now
        }
        asked = nil
        self.job = job
        return job
    }

    /// A clock that was stepped back makes a refresh due, and no wait longer than it can have been meant.
    private func refresh(at now: UnixTime) -> UnixTime {
        if let retryAt { return isAhead(retryAt, at: now, within: Self.longestRetry) ? retryAt : min(retryAt, now) }
        if let fetchedAt, now < fetchedAt.adding(seconds: -Self.clockTolerance) { return now }
        return refreshAt
    }

    private func demand(dueAt now: UnixTime) -> UnixTime? {
        demandAt.map { isAhead($0, at: now, within: Self.longestRetry) ? $0 : min($0, now) }
    }

    private func isAhead(_ time: UnixTime, at now: UnixTime, within seconds: Int64) -> Bool {
        now < time && time <= now.adding(seconds: seconds)
    }

    // MARK: What has happened

    /// Keys have been taken over, from wherever. `fraction` (0..<1) places the next refresh in its span.
    mutating func took(_ keys: FetchedKeys, isChanged: Bool, fraction: Double) {
        fetchedAt = keys.fetchedAt
        refreshAt = Self.refreshTime(keys, limits, fraction: fraction)
        if isChanged { absent.removeAll() }
    }

    /// The fetch is over, with these keys held. `isAsked`: whether the issuer itself was asked, so that what the keys lack is absent.
    mutating func succeeded(with keys: FetchedKeys, isAsked: Bool, at now: UnixTime) {
        if let job, job.isForced {
            cooldownUntil = now.adding(seconds: limits.cooldown)
            for keyID in job.keyIDs where isAsked && !keys.set.contains(keyID: keyID) {
                absent.insert(Array(keyID.utf8), until: now.adding(seconds: min(keys.lifetime, Self.absence)))
            }
        }
        retryAt = nil
        failedRefreshes = 0
        consecutiveFailures = 0
        job = nil
        hasEnded = true
    }

    /// The fetch is over and has brought nothing. `fraction` (0..<1) places the next one in its span.
    mutating func failed(_ failure: KeyFetchFailure, at now: UnixTime, fraction: Double) {
        guard let job else { return }
        failures += 1
        consecutiveFailures += 1
        lastFailure = failure
        if job.isForced { cooldownUntil = now.adding(seconds: limits.cooldown) }
        // A forced fetch moves no refresh: strangers have no say in when those are.
        if job.isRefresh {
            failedRefreshes += 1
            retryAt = now.adding(milliseconds: Self.backoff(failedRefreshes, fraction: fraction))
        }
        if job.isDemanded {
            let pause = max(Self.backoff(consecutiveFailures, fraction: fraction), Self.demandInterval * 1000)
            demandAt = now.adding(milliseconds: pause)
        }
        self.job = nil
        hasEnded = true
    }

    /// When these keys are to be fetched again: at 75…85 % of their lifetime, so that no two processes do it at once, and in any
    /// case before they verify nothing.
    static func refreshTime(_ keys: FetchedKeys, _ limits: RemoteKeySource.Limits, fraction: Double) -> UnixTime {
        let lifetime = min(keys.lifetime, limits.ceiling) * 1000
        return keys.fetchedAt.adding(milliseconds: Int64(Double(lifetime) * (0.75 + 0.1 * fraction)))
    }

    /// 1, 2, 4 … 60 s in milliseconds, a quarter more or less.
    private static func backoff(_ failures: Int, fraction: Double) -> Int64 {
        let seconds = min(60, 1 << min(max(failures - 1, 0), 6))
        return Int64(Double(seconds) * 1000 * (0.75 + 0.5 * fraction))
    }

    /// Seconds by which other clocks, or this one before it was set, may be ahead.
    static let clockTolerance: Int64 = 60
    private static let longestKeyID = 256
    /// Seconds for which a `kid` counts as absent: what is asked of one replica or cache may be at the next in a moment.
    private static let absence: Int64 = 300
    private static let demandInterval: Int64 = 5
    private static let longestRetry: Int64 = 75
}

/// `kid`s that an issuer does not have, as it said itself: asking again would be for nothing until its keys change. By their bytes.
private struct AbsentKeyIDs: Sendable {
    private var ends: [[UInt8]: UnixTime] = [:]

    static let maximum = 256

    var count: Int { ends.count }

    func contains(_ name: [UInt8], at now: UnixTime) -> Bool {
        ends[name].map { now < $0 } ?? false
    }

    mutating func insert(_ name: [UInt8], until end: UnixTime) {
        if ends.count >= Self.maximum, ends[name] == nil, let oldest = ends.min(by: { $0.value < $1.value }) {
            ends[oldest.key] = nil
        }
        ends[name] = end
    }

    mutating func removeAll() {
        ends.removeAll()
    }
}
