// FetchedValues: what was read at addresses of other hosts, kept for a while. Which hosts may be called is the fetcher's to decide, and what
// is read there the owner's; here stands how often, how many at once, and for how long an answer counts. What is gone or not in
// order is nothing from that moment on. A host that cannot be reached is another matter: what it said last holds for a day.

import Accounts
import MartletEncoding
import MartletThreads
import MartletVerifier

/// Values by the addresses that they were read at.
final class FetchedValues<Value: Sendable>: Sendable {
    private let fetcher: any Fetcher
    private let throttle: LoginThrottle?
    /// How the thing is called in what clients are told, such as "document".
    private let name: String
    private let maximumLength: Int
    private let capacity: Int
    private let read: @Sendable (_ bytes: [UInt8], _ address: String) throws(OAuthError) -> Value
    private let state = Monitor(State())

    /// Seconds after which something is read again before its time because it lacks what is looked for.
    private static var shortestLack: Int64 { 60 }
    /// Fetches at once, and requests that wait for one: fewer than calls to other hosts have threads, so that slow hosts do not take them
    /// all.
    private static var maximumUnderWay: Int { 3 }
    private static var maximumWaiting: Int { 4 }
    /// Milliseconds that a fetch may take, and that another request for the same address waits for it.
    private static var timeout: Int64 { 5000 }

    // Seconds.
    private static var shortest: Int64 { 300 }
    private static var usual: Int64 { 3600 }
    private static var longest: Int64 { 86_400 }
    private static var failureLife: Int64 { 60 }

    /// What came of a fetch.
    private struct Entry {
        var outcome: Result<Value, OAuthError>
        /// Until then nothing is fetched.
        var until: UnixTime
        /// When a value was fetched that counts still.
        var fetchedAt: UnixTime
    }

    /// What whoever asks does next.
    private enum Turn {
        case settled(Entry)
        case fetch(Entry?)
        case busy
    }

    private struct State {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
        var underWay: Set<String> = []
        var waiting = 0

        mutating func find(_ address: String, capacity: Int) -> Entry? {
            if let entry = young[address] { return entry }
            guard let entry = old[address] else { return nil }
            keep(entry, address, capacity: capacity)
            return entry
        }

        mutating func keep(_ entry: Entry, _ address: String, capacity: Int) {
            if young.count >= capacity / 2 {
                old = young
                young = [:]
            }
            old[address] = nil
            young[address] = entry
        }
    }

    /// At most `capacity` values are kept. `throttle` counts the fetches, for addresses that anybody can name. `read` throws `invalid_client` or the like with what is wrong with what was found.
    init(
        named name: String, maximumLength: Int, capacity: Int, fetcher: any Fetcher, throttle: LoginThrottle?,
        read: @escaping @Sendable (_ bytes: [UInt8], _ address: String) throws(OAuthError) -> Value
    ) {
        self.name = name
        self.maximumLength = maximumLength
        self.capacity = capacity
        self.fetcher = fetcher
        self.throttle = throttle
        self.read = read
    }

    /// The value of an address, if it is here and fresh.
    func cached(_ url: SecureURL, at now: UnixTime) -> Value? {
        state.withLock { state in
            guard let entry = state.find(url.description, capacity: capacity), Self.isFresh(entry, at: now) else { return nil }
            return try? entry.outcome.get()
        }
    }

    /// The value of an address, fetched where it must be: also where the one that is here is not `enough`, if it is a minute old. Blocks,
    /// for some seconds at most.
    ///
    /// Throws what is wrong with what was found, and `temporarily_unavailable` where there was no time to see.
    func load(_ url: SecureURL, enough: (Value) -> Bool = { _ in true }, at now: UnixTime) throws(OAuthError) -> Value {
        let address = url.description
        var isWaiting = false
        defer { if isWaiting { state.withLock { $0.waiting -= 1 } } }
        let turn = state.wait(milliseconds: Int(Self.timeout)) { state -> Turn? in
            let known = state.find(address, capacity: capacity)
            if let known, Self.isFresh(known, at: now), Self.isSettled(known, enough, at: now) { return .settled(known) }
            if state.underWay.contains(address) {
                // While somebody looks again, what it said last will do.
                if let known, Self.isUsable(known, at: now), Self.isSettled(known, enough, at: now) { return .settled(known) }
                guard isWaiting || state.waiting < Self.maximumWaiting else { return .busy }
                if !isWaiting { state.waiting += 1 }
                isWaiting = true
                return nil
            }
            guard state.underWay.count < Self.maximumUnderWay else { return .busy }
            state.underWay.insert(address)
            return .fetch(known)
        }
        switch turn {
        case .settled(let entry): return try entry.outcome.get()
        case nil, .busy: throw OAuthError(.temporarilyUnavailable, "Too many addresses of clients are being fetched; try again.")
        case .fetch(let known):
            let entry = fetch(url, known, at: now)
            state.withLock { state in
                state.underWay.remove(address)
                state.keep(entry, address, capacity: capacity)
            }
            state.broadcast()
            return try entry.outcome.get()
        }
    }

    private func fetch(_ url: SecureURL, _ known: Entry?, at now: UnixTime) -> Entry {
        do throws(OAuthError) {
            let (value, life) = try get(url, at: now)
            return Entry(outcome: .success(value), until: now.adding(seconds: life), fetchedAt: now)
        } catch {
            var entry = Entry(outcome: .failure(error), until: now.adding(seconds: Self.failureLife), fetchedAt: now)
            if error.code == .temporarilyUnavailable, let known, Self.isUsable(known, at: now) {
                entry.outcome = known.outcome
                entry.fetchedAt = known.fetchedAt
            }
            return entry
        }
    }

    private func get(_ url: SecureURL, at now: UnixTime) throws(OAuthError) -> (Value, life: Int64) {
        do throws(AccountError) {
            try throttle?.countDocumentFetch(from: String(url.origin.dropFirst("https://".utf8.count)), at: now)
        } catch {
            throw OAuthError(.temporarilyUnavailable, "Too many addresses of this host were fetched; try again later.")
        }
        let response: FetchResponse
        do throws(FetchFailure) {
            response = try fetcher.get(
                FetchRequest(
                    url: url, headers: [("accept", "application/json")], timeout: Self.timeout, maximumBody: maximumLength))
        } catch {
            switch error {
            case .tooLarge: throw OAuthError(.invalidClient, "The client's \(name) is larger than \(maximumLength / 1024) KiB.")
            // One answer for all: whether a host within this network listens is nobody's business.
            case .unreachable, .timedOut, .untrusted, .cancelled:
                throw OAuthError(.temporarilyUnavailable, "The client's \(name) cannot be fetched.", logDetail: "\(url): \(error)")
            }
        }
        // A redirect leads to nothing that is ours to follow. Trouble of the host's is not the client's.
        guard response.status < 500 else {
            throw OAuthError(.temporarilyUnavailable, "The client's \(name) cannot be fetched.", logDetail: "\(url): \(response.status)")
        }
        guard response.status == 200 else {
            throw OAuthError(.invalidClient, "The client's \(name) is not there: its address answers \(response.status).")
        }
        return (try read(response.body, url.description), Self.life(CacheLifetime(response.headers)))
    }

    private static func isFresh(_ entry: Entry, at now: UnixTime) -> Bool {
        // A clock that was stepped back must not make it last.
        now < entry.until && entry.until <= now.adding(seconds: longest)
    }

    /// Whether there is no reason to look again before the time.
    private static func isSettled(_ entry: Entry, _ enough: (Value) -> Bool, at now: UnixTime) -> Bool {
        guard case .success(let value) = entry.outcome else { return true }
        return enough(value) || now < entry.fetchedAt.adding(seconds: shortestLack)
    }

    /// Whether what a host said last holds while it cannot be asked.
    private static func isUsable(_ entry: Entry, at now: UnixTime) -> Bool {
        guard case .success = entry.outcome else { return false }
        return entry.fetchedAt <= now && now < entry.fetchedAt.adding(seconds: longest)
    }

    private static func life(_ said: CacheLifetime) -> Int64 {
        switch said {
        case .silent: usual
        case .seconds(let seconds): min(max(seconds, shortest), longest)
        }
    }
}
