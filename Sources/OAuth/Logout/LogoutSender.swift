// LogoutSender: delivers the notices of the outbox: takes what is due, asks the client's address to take the logout token, says what came
// of it. A notice is held for a moment only, so a process that dies leaves it to the next one; what was sent may be sent twice, never
// not at all.
//
//     due? ──▶ take, for 10 s ──▶ the client rests? put off ──▶ POST ──▶ 2xx: settled
//                                                                  └──▶ later: 2 s, 1 min, 10 min, 49 min; then given up and audited
//
// A client that does not answer rests as a whole: what else it is to be told waits with the notice that failed, and is no attempt.

package import MartletEncoding
import MartletThreads
package import MartletVerifier
package import Store
import Synchronization
import Tokens

/// Where a notice is sent.
package struct LogoutAddressee: Sendable, Hashable {
    package let url: SecureURL
    /// Whether it may be an address of this network: one that the operator wrote down.
    package let mayBePrivate: Bool

    /// nil for a client that is told nothing.
    init?(_ client: Client, origin: OAuthClient.Origin?) {
        guard let url = client.metadata.backChannelLogout.flatMap({ SecureURL($0.uri) }) else { return nil }
        self.url = url
        mayBePrivate = origin == .operator
    }
}

/// Sends logout tokens until it is stopped.
package final class LogoutSender: Sendable {
    /// Posts a form and answers the status. Follows no redirect; takes five seconds at most; ends early when it `isCancelled`.
    package typealias Post =
        @Sendable (_ to: LogoutAddressee, _ form: [UInt8], _ isCancelled: @escaping @Sendable () -> Bool) throws(FetchFailure) -> Int

    private let server: AuthorizationServer
    private let post: Post
    private let clock: @Sendable () -> UnixTime
    private let log: @Sendable (String) -> Void
    private let state = Monitor(State())
    private let isStopped = Atomic(false)
    private let sent = Atomic(0)
    private let failed = Atomic(0)

    private struct State {
        /// How many notices of a client are being sent.
        var underWay: [String: Int] = [:]
        /// Clients that did not answer: how often in a row, and until when they are left alone.
        var resting: [String: (failures: Int, until: UnixTime)] = [:]
    }

    /// A sender. `log` is told what cannot be done, without anything secret.
    package init(
        _ server: AuthorizationServer, clock: @escaping @Sendable () -> UnixTime, log: @escaping @Sendable (String) -> Void,
        post: @escaping Post
    ) {
        self.server = server
        self.clock = clock
        self.log = log
        self.post = post
    }

    /// What came of it since the process began.
    package var counts: (sent: Int, failed: Int) { (sent.load(ordering: .relaxed), failed.load(ordering: .relaxed)) }

    /// Sends what is due, again and again, until ``stop()``. Any number of threads may be in it.
    package func run() {
        while !isStopped.load(ordering: .acquiring) {
            do throws(StoreError) {
                if try !sendOne() { pause(milliseconds: Self.pause) }
            } catch {
                log("logout notices cannot be read or settled: \(error.detail)")
                pause(milliseconds: Self.pauseOfStore)
            }
        }
    }

    private func pause(milliseconds: Int) {
        _ = state.wait(milliseconds: milliseconds) { [self] _ in isStopped.load(ordering: .acquiring) ? true : nil }
    }

    /// Ends every ``run()``: within a moment, since requests that are under way are given up and left to the next start.
    package func stop() {
        state.withLock { [self] _ in isStopped.store(true, ordering: .releasing) }
        state.broadcast()
    }

    /// Sends one notice that is due; false when there was none. Blocks.
    package func sendOne() throws(StoreError) -> Bool {
        let now = clock()
        // What a client that has all its requests under way is to be told is left where it is: taking it and putting it back would cost
        // two commits for each of its notices, again and again.
        let busy = state.withLock { $0.underWay.first { $0.value >= Self.maximumAtOnce }?.key }
        guard try server.store.read({ reads throws(StoreError) in try reads.hasDueLogoutNotice(except: busy, at: now) }),
            let notice = try server.store.write({ transaction throws(StoreError) in
                try transaction.takeLogoutNotices(limit: 1, except: busy, leaseSeconds: Self.leaseSeconds, at: now)
            }).first
        else { return false }
        let outcome = try deliver(notice, at: now)
        let settledAt = clock()
        try server.store.write { transaction throws(StoreError) in try transaction.settle(notice, outcome, at: settledAt) }
        switch outcome {
        case .settled, .postponed: break
        case .failed(let due): log("client \(notice.clientID) was not told of a sign-out; the next attempt is at \(due.rfc3339)")
        case .givenUp(let reason): log("client \(notice.clientID) will not be told of a sign-out: \(reason)")
        }
        return true
    }

    private func deliver(_ notice: LogoutNotice, at now: UnixTime) throws(StoreError) -> LogoutNoticeOutcome {
        let id = notice.clientID
        let waiting = state.withLock { state -> UnixTime? in
            if let rest = state.resting[id], now < rest.until, rest.until <= now.adding(seconds: Self.delays.last ?? 0) {
                return rest.until
            }
            guard state.underWay[id, default: 0] < Self.maximumAtOnce else { return now.adding(milliseconds: Int64(Self.pause)) }
            state.underWay[id, default: 0] += 1
            return nil
        }
        if let waiting { return isTooOld(notice, at: now) ? giveUp(notice, "it did not answer for an hour") : .postponed(waiting) }
        defer {
            state.withLock { state in
                state.underWay[id, default: 1] -= 1
                if state.underWay[id] == 0 { state.underWay[id] = nil }
            }
        }
        let problem: String
        do throws(Problem) {
            guard let (client, addressee) = try addressee(id, at: now) else { return .settled }
            try send(notice, to: client, addressee, at: now)
            state.withLock { $0.resting[id] = nil }
            sent.add(1, ordering: .relaxed)
            return .settled
        } catch {
            switch error {
            case .store(let error): throw error
            case .stopped: return .postponed(now)
            case .other(let text): problem = text
            }
        }
        // Within the attempts, the client's own rest may be the longer one.
        let failures = state.withLock { state in (state.resting[id]?.failures ?? 0) + 1 }
        let delay = Self.delays[min(max(failures - 1, Int(notice.attempts)), Self.delays.count - 1)]
        let until = clock().adding(seconds: delay)
        state.withLock { state in
            if state.resting.count >= Self.maximumResting { state.resting = [:] }
            state.resting[id] = (failures, until)
        }
        if notice.attempts >= Self.delays.count || isTooOld(notice, at: now) { return giveUp(notice, problem) }
        return .failed(retryAt: until)
    }

    private func giveUp(_ notice: LogoutNotice, _ reason: String) -> LogoutNoticeOutcome {
        failed.add(1, ordering: .relaxed)
        return .givenUp(reason: reason)
    }

    private enum Problem: Error {
        case store(StoreError)
        /// The service ends.
        case stopped
        /// The client's.
        case other(String)
    }

    /// Who is to be told, and where; nil for a client that is gone, or wants to hear nothing.
    private func addressee(_ id: String, at now: UnixTime) throws(Problem) -> (Client, LogoutAddressee)? {
        let client: Client
        let origin: OAuthClient.Origin?
        if ClientDocumentURL(id) != nil {
            do throws(OAuthError) {
                guard let found = try server.clients.load(id, at: now) else { return nil }
                (client, origin) = (found, nil)
            } catch {
                // A document that is not in order is no client; a host that is away may come back.
                guard error.code == .temporarilyUnavailable else { return nil }
                throw .other("its document cannot be fetched")
            }
        } else {
            let record: OAuthClient?
            do throws(StoreError) {
                record = try server.store.read { reads throws(StoreError) in try reads.client(id) }
            } catch {
                throw .store(error)
            }
            guard let record, let found = try? Client(record) else { return nil }
            (client, origin) = (found, record.origin)
        }
        return LogoutAddressee(client, origin: origin).map { (client, $0) }
    }

    private func send(_ notice: LogoutNotice, to client: Client, _ addressee: LogoutAddressee, at now: UnixTime) throws(Problem) {
        let form: [UInt8]
        do throws(TokenFailure) { form = try server.logoutForm(notice, for: client, at: now) } catch { throw .other("no token: \(error)") }
        let status: Int
        do throws(FetchFailure) {
            status = try post(addressee, form) { [self] in isStopped.load(ordering: .acquiring) }
        } catch {
            switch error {
            case .cancelled: throw .stopped
            case .timedOut: throw .other("it did not answer in time")
            case .tooLarge: throw .other("its answer was too large")
            case .unreachable(let detail): throw .other("it cannot be reached: \(detail)")
            case .untrusted(let detail): throw .other("its certificate is not trusted: \(detail)")
            }
        }
        // §2.8: 200; frameworks make 204 of an answer without content.
        guard (200...299).contains(status) else { throw .other("it answered \(status)") }
    }

    private func isTooOld(_ notice: LogoutNotice, at now: UnixTime) -> Bool { notice.createdAt.adding(seconds: Self.maximumAge) <= now }

    /// Seconds after each failed attempt but the last: five attempts within an hour.
    private static let delays: [Int64] = [2, 60, 600, 2938]
    /// Seconds after which a notice that fails once more is given up.
    private static let maximumAge: Int64 = 3600
    /// Seconds that a notice is held: longer than a request may take.
    private static let leaseSeconds: Int64 = 10
    /// Of one client, so that a slow one leaves a thread to the others.
    private static let maximumAtOnce = 2
    /// Clients whose rest is remembered.
    private static let maximumResting = 4096
    /// Milliseconds between two looks.
    private static let pause = 250
    /// The same while the store cannot be asked.
    private static let pauseOfStore = 5000
}
