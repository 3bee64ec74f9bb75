// FeedExchange: one request to the feed after the other. First the snapshot, then what is newer, for which the issuer holds the
// request until there is some:
//
//     GET url ── snapshot ──> GET url?after=SEQ&wait=N ── delta ──┐
//      ^                        ^                                 ├─ fits: applied, again at once
//      │                        └─────────────────────────────────┘
//      └── another lineage, or a gap
//
// Whatever else comes leaves everything as it is, and is tried again as FeedPace says. A document that names a key which is not
// here is held while the keys are fetched, and read again then.
import MartletEncoding
import MartletJOSE

struct FeedExchange: Sendable {
    /// What one step came to.
    enum Event: Sendable, Hashable {
        /// Neither good nor bad: nothing to ask yet, or a detour.
        case nothing
        /// A document was applied.
        case applied
        /// The exchange brought nothing.
        case failed(RevocationFeedFailure)
    }

    /// How far the feed has been followed; nil before the first snapshot.
    private(set) var position: FeedPosition?
    /// Whether the issuer has a feed; nil while nobody knows.
    private(set) var hasFeed: Bool?

    private let issuer: String
    private let keys: any FeedKeys
    private let fetcher: any Fetcher
    private let revocations: RevocationSet
    private let capacity: Int
    private let wait: Int64
    private let authorization: @Sendable () -> String?
    private let clock: @Sendable () -> UnixTime
    private var pace: FeedPace
    private var needsSnapshot = true
    private var held: Held?
    private var detourAt: UnixTime?
    private var purgeAt: UnixTime?

    init(
        issuer: String, keys: any FeedKeys, fetcher: any Fetcher, revocations: RevocationSet, capacity: Int, wait: Int64,
        authorization: @escaping @Sendable () -> String?, pace: FeedPace, clock: @escaping @Sendable () -> UnixTime
    ) {
        self.issuer = issuer
        self.keys = keys
        self.fetcher = fetcher
        self.revocations = revocations
        self.capacity = capacity
        self.wait = wait
        self.authorization = authorization
        self.pace = pace
        self.clock = clock
    }

    /// Asks once, and says when to ask again.
    mutating func step(at now: UnixTime, isCancelled: @escaping @Sendable () -> Bool) -> (event: Event, next: UnixTime) {
        purge(at: now)
        if let held {
            self.held = nil
            return read(held, at: now)
        }
        guard let url = keys.revocationsURL else {
            // A look that costs no request. Without keys there was no metadata either: they are on their way, and nobody is to
            // wait for the news longer than for them.
            let hasKeys = !keys.snapshot.keys.keys.isEmpty
            hasFeed = hasKeys ? false : nil
            return (.nothing, now.adding(milliseconds: hasKeys ? 1000 : 50))
        }
        let response: FetchResponse
        do throws(FetchFailure) {
            response = try fetcher.get(request(to: url, isCancelled: isCancelled))
        } catch {
            return error == .cancelled ? (.nothing, clock()) : failed(.fetch(error), at: clock())
        }
        let answered = clock()
        if response.status == 404, position == nil {
            hasFeed = false
            return (.nothing, answered.adding(seconds: 60))
        }
        // Later than that, 404 is a proxy whose service is being restarted sooner than an issuer that gave up its feed.
        guard response.status == 200 else { return failed(.status(response.status), at: answered) }
        hasFeed = true
        return read(Held(text: response.body, isSnapshotAsked: needsSnapshot, askedAt: now, looks: 0), at: answered)
    }

    private func request(to url: SecureURL, isCancelled: @escaping @Sendable () -> Bool) -> FetchRequest {
        var request = FetchRequest(
            url: url, headers: [("accept", "application/jwt")], timeout: Self.snapshotTimeout,
            maximumBody: RevocationDocument.maximumText, isCancelled: isCancelled)
        if let authorization = authorization() { request.headers.append(("authorization", authorization)) }
        if let position, !needsSnapshot {
            // After a failure, that the issuer is back is news enough.
            let wait = pace.isFailing ? 0 : wait
            let joint = url.target.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            // A number of another history is the issuer's to recognise: it may have been put back to a backup.
            let lineage = Self.isPlain(position.lineage) ? "&lineage=\(position.lineage)" : ""
            let target = "\(url.target)\(joint)after=\(position.sequence)&wait=\(wait)\(lineage)"
            // Only an address at the limit of its length has no room for it; then every answer is a snapshot.
            if let url = url.replacing(target: target) { request.url = url }
            request.timeout = (wait + 5) * 1000
        }
        return request
    }

    /// Whether it can stand in a query as it is (RFC 3986 §2.3).
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
    }

    private mutating func read(_ answer: Held, at now: UnixTime) -> (event: Event, next: UnixTime) {
        do throws(RevocationFeedRefusal) {
            let document = try RevocationDocument(verifying: answer.text, issuer: issuer, keys: keys.snapshot, at: now)
            switch try FeedPosition.step(document, from: position, at: now) {
            case .takeSnapshot:
                guard !answer.isSnapshotAsked else { throw .malformed }
                return detour(at: now)
            case .apply(let next):
                try takeIn(document.entries, at: now)
                let isNews = next.sequence != position?.sequence || next.lineage != position?.lineage
                position = next
                needsSnapshot = false
                pace.succeeded()
                return (.applied, isNews ? now : pace.afterNoNews(began: answer.askedAt, at: now))
            }
        } catch {
            guard error == .unknownKey, answer.looks < Self.maximumLooks, keys.demandKeys(at: now) else {
                return failed(.refused(error), at: now)
            }
            held = answer
            held?.looks += 1
            return (.nothing, now.adding(milliseconds: Self.lookInterval))
        }
    }

    private mutating func takeIn(_ entries: [RevocationEntry], at now: UnixTime) throws(RevocationFeedRefusal) {
        if revocations.count + entries.count > capacity {
            guard revocations.count + entries.count(where: isNew) <= capacity else { throw .tooLarge }
        }
        let bringsKey = entries.contains { $0.kind == .key && isNew($0) }
        revocations.insert(entries)
        // The tokens of the key that replaces it are to be verified at once, not after the first of them failed.
        if bringsKey { keys.demandKeys(at: now) }
    }

    /// A digest is one of a kind and an id, so any place of the subject will do.
    private func isNew(_ entry: RevocationEntry) -> Bool {
        !revocations.isRevoked(RevocationSubject(key: entry.digest))
    }

    /// To the snapshot, at once; but two issuers behind one address must not send us to and fro as fast as they can.
    private mutating func detour(at now: UnixTime) -> (event: Event, next: UnixTime) {
        needsSnapshot = true
        let last = detourAt
        detourAt = now
        guard let last, last <= now, now < last.adding(seconds: 1) else { return (.nothing, now) }
        return (.nothing, pace.afterNoNews(began: now, at: now))
    }

    private mutating func failed(_ failure: RevocationFeedFailure, at now: UnixTime) -> (event: Event, next: UnixTime) {
        (.failed(failure), pace.failed(failure, at: now))
    }

    private mutating func purge(at now: UnixTime) {
        if let purgeAt, now < purgeAt, purgeAt <= now.adding(seconds: 60) { return }
        purgeAt = now.adding(seconds: 60)
        revocations.purge(at: now)
    }

    /// An answer that is read, perhaps not for the first time.
    private struct Held: Sendable {
        let text: [UInt8]
        let isSnapshotAsked: Bool
        let askedAt: UnixTime
        /// How often its key was looked for.
        var looks: Int
    }

    /// Milliseconds for a document that may be as long as any.
    private static let snapshotTimeout: Int64 = 30_000
    /// Milliseconds from one look for a document's key to the next.
    private static let lookInterval: Int64 = 100
    /// Looks for the key of one document: ten seconds, in which any fetch of keys has come to its end.
    private static let maximumLooks = 100
}
