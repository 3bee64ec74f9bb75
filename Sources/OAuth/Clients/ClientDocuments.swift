// ClientDocuments: the documents that clients describe themselves in, fetched when they are asked for and kept for a while. Which hosts
// may be called is the fetcher's to decide; here stands how often, how many at once, how large, and for how long an answer counts.
//
// A document that is gone or not in order is no client from that moment on. A host that cannot be reached is another matter: what it
// said last holds for a day.

package import Accounts
package import MartletEncoding
import MartletThreads
package import MartletVerifier

/// Finds clients by the documents that their ids are the addresses of.
package final class ClientDocuments: Sendable {
    private let fetcher: any Fetcher
    private let throttle: LoginThrottle
    private let state = Monitor(State())

    /// What came of a fetch.
    private struct Entry {
        var outcome: Result<Client, OAuthError>
        /// Until then nothing is fetched.
        var until: UnixTime
        /// When a client was fetched that counts still.
        var fetchedAt: UnixTime
    }

    private struct State {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
        var underWay: Set<String> = []

        mutating func find(_ id: String) -> Entry? {
            if let entry = young[id] { return entry }
            guard let entry = old[id] else { return nil }
            keep(entry, id)
            return entry
        }

        mutating func keep(_ entry: Entry, _ id: String) {
            if young.count >= capacity / 2 {
                old = young
                young = [:]
            }
            old[id] = nil
            young[id] = entry
        }
    }

    /// Documents kept at most; parsed, one takes some tens of kilobytes at worst.
    private static let capacity = 512
    /// Fetches at once: one thread fewer than calls to other hosts have, so that slow hosts do not take them all.
    private static let maximumUnderWay = 3
    /// Milliseconds that a fetch may take, and that another request for the same document waits for it.
    private static let timeout: Int64 = 5000

    // Seconds.
    private static let shortest: Int64 = 300
    private static let usual: Int64 = 3600
    private static let longest: Int64 = 86_400
    private static let failureLife: Int64 = 60

    /// Documents that are got by `fetcher`, which must call public addresses alone.
    package init(fetcher: any Fetcher, throttle: LoginThrottle) {
        self.fetcher = fetcher
        self.throttle = throttle
    }

    /// The client of an address, if its document is here and fresh.
    package func cached(_ url: ClientDocumentURL, at now: UnixTime) -> ClientDirectory.Lookup {
        state.withLock { state in
            guard let entry = state.find(url.description), Self.isFresh(entry, at: now), case .success(let client) = entry.outcome else {
                return .unknown
            }
            return .known(client)
        }
    }

    /// The client of an address, fetched where it must be. Blocks, for some seconds at most.
    ///
    /// Throws `invalid_client` where there is no document in order, `temporarily_unavailable` where there was no time to see.
    package func load(_ url: ClientDocumentURL, at now: UnixTime) throws(OAuthError) -> Client {
        let id = url.description
        enum Turn { case settled(Entry), fetch(Entry?), busy }
        let turn = state.wait(milliseconds: Int(Self.timeout)) { state -> Turn? in
            let known = state.find(id)
            if let known, Self.isFresh(known, at: now) { return .settled(known) }
            if state.underWay.contains(id) {
                // While somebody looks again, what it said last will do.
                if let known, Self.isUsable(known, at: now) { return .settled(known) }
                return nil
            }
            guard state.underWay.count < Self.maximumUnderWay else { return .busy }
            state.underWay.insert(id)
            return .fetch(known)
        }
        switch turn {
        case .settled(let entry): return try entry.outcome.get()
        case nil, .busy: throw OAuthError(.temporarilyUnavailable, "Too many documents of clients are being fetched; try again.")
        case .fetch(let known):
            let entry = fetch(url, known, at: now)
            state.withLock { state in
                state.underWay.remove(id)
                state.keep(entry, id)
            }
            state.broadcast()
            return try entry.outcome.get()
        }
    }

    private func fetch(_ url: ClientDocumentURL, _ known: Entry?, at now: UnixTime) -> Entry {
        do throws(OAuthError) {
            let (document, life) = try get(url, at: now)
            return Entry(outcome: .success(Client(document: document)), until: now.adding(seconds: life), fetchedAt: now)
        } catch {
            var entry = Entry(outcome: .failure(error), until: now.adding(seconds: Self.failureLife), fetchedAt: now)
            if error.code == .temporarilyUnavailable, let known, Self.isUsable(known, at: now) {
                entry.outcome = known.outcome
                entry.fetchedAt = known.fetchedAt
            }
            return entry
        }
    }

    private func get(_ url: ClientDocumentURL, at now: UnixTime) throws(OAuthError) -> (ClientDocument, life: Int64) {
        do throws(AccountError) {
            try throttle.countDocumentFetch(from: url.authority, at: now)
        } catch {
            throw OAuthError(.temporarilyUnavailable, "Too many documents of this host were fetched; try again later.")
        }
        let response: FetchResponse
        do throws(FetchFailure) {
            response = try fetcher.get(
                FetchRequest(
                    url: url.url, headers: [("accept", "application/json")], timeout: Self.timeout,
                    maximumBody: ClientDocument.maximumLength))
        } catch {
            switch error {
            case .tooLarge: throw OAuthError(.invalidClient, "The client's document is larger than 16 KiB.")
            // One answer for all: whether a host within this network listens is nobody's business.
            case .unreachable, .timedOut, .untrusted, .cancelled:
                throw OAuthError(.temporarilyUnavailable, "The client's document cannot be fetched.", logDetail: "\(url): \(error)")
            }
        }
        // §5 of the draft: a redirect is no document. Trouble of the host's is not the client's.
        guard response.status < 500 else {
            throw OAuthError(.temporarilyUnavailable, "The client's document cannot be fetched.", logDetail: "\(url): \(response.status)")
        }
        guard response.status == 200 else {
            throw OAuthError(.invalidClient, "The client's document is not there: its address answers \(response.status).")
        }
        let document = try ClientDocument(parsing: response.body, at: url)
        return (document, Self.life(CacheLifetime(response.headers)))
    }

    private static func isFresh(_ entry: Entry, at now: UnixTime) -> Bool {
        // A clock that was stepped back must not make it last.
        now < entry.until && entry.until <= now.adding(seconds: longest)
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
