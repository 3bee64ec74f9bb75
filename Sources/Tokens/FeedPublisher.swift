// FeedPublisher: the revocation feed as the service gives it out. The log of events says what is revoked; here it becomes signed
// documents, and those who wait for news get them.
//
//     events ──heard──▶ entries ──at most five times a second──▶ published ──▶ one document for each base ──▶ all who wait
//
// However many wait, a document is made once: it is kept for as long as nothing is published and the second of its `iat` lasts.
// How a request waits without holding a thread is the HTTP layers' business; a waiter here is a function.

package import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
package import Store

/// Makes the documents of the feed, and hands them to those who wait.
package final class FeedPublisher: Sendable {
    /// A signed document.
    package struct Document: Sendable {
        /// The compact JWS.
        package let text: [UInt8]
        /// A weak validator, with its quotes, that is the same while nothing is revoked.
        package let etag: String
    }

    /// Somebody who waits for news.
    package struct Waiter: Sendable {
        /// The sequence number that is known already.
        let after: Int64
        /// Who it is, for the share of one address.
        let client: UInt64
        /// Whether nobody is there any more, as far as can be told: it is answered then and gives up its place.
        let isGone: @Sendable () -> Bool
        /// Takes the news; called once at most, from any thread.
        let deliver: @Sendable (Result<Document, KeyRing.Failure>) -> Void

        package init(
            after: Int64, client: UInt64, isGone: @escaping @Sendable () -> Bool,
            deliver: @escaping @Sendable (Result<Document, KeyRing.Failure>) -> Void
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
        /// In the order of their numbers.
        var entries: [(sequence: Int64, entry: RevocationEntry)] = []
        /// The number of the last event that was heard.
        var heard: Int64 = 0
        /// What the documents of this moment go up to.
        var published: Int64 = 0
        /// By base (nil for the snapshot), of this second.
        var documents: [Int64?: Document] = [:]
        var second: Int64 = 0
        var waiters: [Waiter] = []
        var waitersOfClient: [UInt64: Int] = [:]
        /// Whether the key ring changed since the last publication.
        var keysChanged = false
        var isStopped = false
        var signed = 0

        var newestEntry: Int64 { entries.last?.sequence ?? 0 }
    }

    private let issuer: String
    /// The name of this history of events.
    package let lineage: String
    private let ring: KeyRing
    private let clock: @Sendable () -> UnixTime
    private let state = Monitor(State())

    /// A feed without entries. `lineage` is the name of this history of events.
    package init(issuer: String, lineage: String, ring: KeyRing, clock: @escaping @Sendable () -> UnixTime) {
        self.issuer = issuer
        self.lineage = lineage
        self.ring = ring
        self.clock = clock
    }

    // MARK: What is revoked

    /// Takes in events of the log, in their order. What was taken in before is left out.
    package func apply(_ events: [RevocationEvent]) {
        state.withLock { state in
            for event in events where event.sequence > state.heard {
                state.heard = event.sequence
                if event.kind == .key || event.kind == .keyring { state.keysChanged = true }
                if let entry = RevocationEntry(event) { state.entries.append((event.sequence, entry)) }
            }
        }
        state.broadcast()
    }

    /// Takes in the events that are live at the start, `sequence` being the number of the last there has been. What was heard
    /// in the meantime stays.
    package func load(_ events: [RevocationEvent], sequence: Int64) {
        state.withLock { state in
            let known = Set(state.entries.map(\.sequence))
            for event in events where !known.contains(event.sequence) {
                if let entry = RevocationEntry(event) { state.entries.append((event.sequence, entry)) }
            }
            state.entries.sort { $0.sequence < $1.sequence }
            state.heard = max(state.heard, sequence)
            state.published = state.heard
        }
    }

    /// Lets go of entries whose time is over.
    package func purge(at now: UnixTime) {
        state.withLock { state in state.entries.removeAll { $0.entry.until <= now } }
    }

    /// Publishes what was heard and hands it to those who wait for it. The feed's own thread does so; tests do it by hand.
    package func publish(at now: UnixTime) {
        let ready = state.withLock { state -> [Waiter] in
            guard state.heard > state.published else { return [] }
            state.published = state.heard
            state.documents = [:]
            return Self.takeWaiters(&state) { [newest = state.newestEntry] in $0.after < newest }
        }
        deliver(to: ready, at: now)
    }

    // MARK: Documents

    /// The document for somebody who knows everything up to `after`, if it is at hand: nothing is signed.
    package func document(atHandAfter after: Int64?, at now: UnixTime) -> Document? {
        state.withLock { state in
            Self.forgetOldDocuments(&state, at: now)
            return state.documents[Self.base(after, state)]
        }
    }

    /// The document for somebody who knows everything up to `after`; nil, and a number from another history, get the snapshot.
    /// Signs when it must, which takes the longer the more there is to tell.
    package func document(after: Int64?, at now: UnixTime) throws(KeyRing.Failure) -> Document {
        let (base, sequence, entries, atHand) = state.withLock { state in
            Self.forgetOldDocuments(&state, at: now)
            let base = Self.base(after, state)
            let atHand = state.documents[base]
            let published = state.published
            let first = base.map { base in state.entries.partitioningIndex { $0.sequence > base } } ?? 0
            let last = state.entries.partitioningIndex { $0.sequence > published }
            let entries = atHand == nil && first < last ? state.entries[first..<last].map(\.entry) : []
            return (base, published, entries.filter { $0.until > now }, atHand)
        }
        if let atHand { return atHand }
        let document = try sign(entries, after: base, sequence: sequence, at: now)
        state.withLock { state in
            state.signed += 1
            if state.published == sequence, state.second == now.seconds { state.documents[base] = document }
        }
        return document
    }

    // MARK: Waiting

    /// Whether there is something to tell somebody who knows everything up to `after`.
    package func hasNews(after: Int64) -> Bool {
        state.withLock { Self.hasNews(after: after, $0) }
    }

    /// Lets somebody wait for news; false when there is some, when too many wait, or when the feed ends: then they are to be
    /// answered at once. The time that they wait is theirs to watch.
    package func wait(_ waiter: Waiter) -> Bool {
        var gone: [Waiter] = []
        defer { deliver(to: gone, at: clock()) }
        return state.withLock { state in
            guard !state.isStopped, !Self.hasNews(after: waiter.after, state) else { return false }
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

    /// Publishes until ``stop()``; for a thread of the feed's own.
    package func run() {
        while true {
            let goesOn = state.wait(milliseconds: 1000) { state -> Bool? in
                if state.isStopped { return false }
                // Events that take back nothing are no reason to publish, nor for others to wait until the pause is over.
                return state.newestEntry > state.published ? true : nil
            }
            if goesOn == false { return }
            followKeys()
            publish(at: clock())
            deliver(to: state.withLock { state in Self.takeWaiters(&state) { $0.isGone() } }, at: clock())
            // Whatever comes in the meantime goes out together.
            _ = state.wait(milliseconds: Self.pause) { $0.isStopped ? true : nil }
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
        state.withLock { state in
            Gauge(sequence: state.published, entries: state.entries.count, waiting: state.waiters.count, signed: state.signed)
        }
    }

    // MARK: Inside

    /// Whoever hears that a key is gone asks for the key set at once, and must find the new one there.
    private func followKeys() {
        let haveChanged = state.withLock { state in
            defer { state.keysChanged = false }
            return state.keysChanged
        }
        guard haveChanged else { return }
        do throws(KeyRing.Failure) { try ring.reload() } catch { state.withLock { $0.keysChanged = true } }
    }

    private func deliver(to waiters: [Waiter], at now: UnixTime) {
        for waiter in waiters {
            do throws(KeyRing.Failure) {
                waiter.deliver(.success(try document(after: waiter.after, at: now)))
            } catch {
                waiter.deliver(.failure(error))
            }
        }
    }

    private func sign(
        _ entries: [RevocationEntry], after: Int64?, sequence: Int64, at now: UnixTime
    ) throws(KeyRing.Failure) -> Document {
        guard let signer = ring.snapshot.feed else { throw .noActiveKey(.feed) }
        let document = RevocationDocument(
            issuer: issuer, issuedAt: now.seconds, lineage: lineage, sequence: sequence, after: after, entries: entries)
        do throws(JOSEError) {
            return Document(text: try signer.sign(document.payload), etag: "W/\"\(lineage)-\(sequence)\"")
        } catch {
            throw .cryptography(detail: error.message)
        }
    }

    /// What a document for them builds on. With too many bases at once the others get the snapshot, of which there is one.
    private static func base(_ after: Int64?, _ state: State) -> Int64? {
        guard let after, after <= state.published else { return nil }
        return state.documents[after] != nil || state.documents.count < maximumDocuments ? after : nil
    }

    private static func hasNews(after: Int64, _ state: State) -> Bool {
        guard after <= state.published else { return true }
        let next = state.entries.partitioningIndex { $0.sequence > after }
        return next < state.entries.count && state.entries[next].sequence <= state.published
    }

    private static func forgetOldDocuments(_ state: inout State, at now: UnixTime) {
        guard state.second != now.seconds else { return }
        state.second = now.seconds
        state.documents = [:]
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

    /// Milliseconds between two publications: five signatures a second, and far under the second that is promised.
    private static let pause = 200
    private static let maximumDocuments = 8
}

extension Array {
    /// The first index whose element, and all after it, answer true.
    fileprivate func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
