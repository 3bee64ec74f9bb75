// FeedDocuments: what the revocation feed says, made from the log of events alone, and signed. The log is heard entry by entry;
// what has been published is what documents go up to.
//
//     events ──heard──▶ entries ──published──▶ a document for each base ──kept while nothing is published and its second lasts
//
// Bases are few: everybody between two entries shares the earlier one, since a reader takes a delta that begins before its own
// number. Whoever has much to catch up on gets the snapshot, of which one is made at a time. What does not fit into one document
// goes up to a lower number, and the reader asks for the rest.

package import MartletEncoding
import MartletJOSE
import MartletVerifier
package import Store
import Synchronization

/// A signed document of the feed.
package struct FeedDocument: Sendable {
    /// The compact JWS.
    package let text: [UInt8]
    /// A weak validator, with its quotes.
    package let etag: String
}

/// Makes the documents of the feed.
package final class FeedDocuments: Sendable {
    private struct Kept {
        let document: FeedDocument
        let madeAt: UnixTime
        let lifetime: Int64

        /// A request that was taken a moment before the document was made finds it, too.
        func isFresh(at now: UnixTime) -> Bool {
            (-5...lifetime - 1).contains(now.seconds - madeAt.seconds)
        }
    }

    private struct State {
        /// In the order of their numbers.
        var entries: [(sequence: Int64, entry: RevocationEntry)] = []
        /// The number of the last event that was heard.
        var heard: Int64 = 0
        /// What the documents of this moment go up to.
        var published: Int64 = 0
        /// Whether the key ring changed since the last publication.
        var keysChanged = false
        /// By base; nil is the snapshot.
        var kept: [Int64?: Kept] = [:]
        var signed = 0

        var newestEntry: Int64 { entries.last?.sequence ?? 0 }
        /// The end of what is published.
        var end: Int { entries.partitioningIndex { $0.sequence > published } }
    }

    /// The name of this history of events.
    package let lineage: String
    private let issuer: String
    private let ring: KeyRing
    private let mostEntries: Int
    private let state = Mutex(State())
    private let makingLong = Mutex(())

    /// Documents without entries. `lineage` is the name of this history of events; `mostEntries` fit into one of them.
    package init(issuer: String, lineage: String, ring: KeyRing, mostEntries: Int = 500_000) {
        self.issuer = issuer
        self.lineage = lineage
        self.ring = ring
        self.mostEntries = mostEntries
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

    /// Lets go of entries whose time has been over for an hour: a clock that jumps ahead and back loses none.
    package func purge(at now: UnixTime) {
        let end = now.adding(seconds: -3600)
        state.withLock { state in state.entries.removeAll { $0.entry.until <= end } }
    }

    /// Whether there is something to publish that takes anything back. Other events move numbers and are told with the next.
    var hasUnpublishedNews: Bool { state.withLock { $0.newestEntry > $0.published } }

    /// Publishes what was heard; answers the number of the newest entry, nil when nothing was heard.
    func publish() -> Int64? {
        followKeys()
        return state.withLock { state in
            guard state.heard > state.published else { return nil }
            state.published = state.heard
            state.kept = [:]
            return state.newestEntry
        }
    }

    /// Whoever hears that a key is gone asks for the key set at once, and must find the new one there.
    private func followKeys() {
        let haveChanged = state.withLock { state in
            defer { state.keysChanged = false }
            return state.keysChanged
        }
        guard haveChanged else { return }
        do throws(KeyRing.Failure) { try ring.reload() } catch { state.withLock { $0.keysChanged = true } }
    }

    // MARK: Documents

    /// Whether there is something to tell somebody who knows everything up to `after`, a number from another history included.
    package func hasNews(after: Int64) -> Bool {
        state.withLock { state in
            guard after <= state.published else { return true }
            return state.entries.partitioningIndex { $0.sequence > after } < state.end
        }
    }

    /// The validator of the snapshot at this time. It changes with what is revoked, and every half minute, so that nobody is
    /// told to keep a document that is about to say nothing any more.
    package func snapshotTag(at now: UnixTime) -> String {
        let (sequence, kept) = state.withLock { ($0.published, $0.kept[nil]) }
        return kept.flatMap { $0.isFresh(at: now) ? $0.document.etag : nil } ?? tag(sequence, at: now)
    }

    /// The document for somebody who knows everything up to `after`, if it is at hand: nothing is signed.
    package func atHand(after: Int64?, at now: UnixTime) -> FeedDocument? {
        state.withLock { state in Self.atHand(base(after, state), state, at: now) }
    }

    /// The same, made if it is short: nil where only the snapshot would do.
    package func short(after: Int64, at now: UnixTime) throws(KeyRing.Failure) -> FeedDocument? {
        let short = state.withLock { state -> Int64? in
            base(after, state).flatMap { base in
                state.end - state.entries.partitioningIndex { $0.sequence > base } <= Self.longestShort ? base : nil
            }
        }
        guard let short else { return nil }
        return try make(short, at: now)
    }

    /// The same, made in any case. A snapshot takes the longer the more there is to tell.
    package func document(after: Int64?, at now: UnixTime) throws(KeyRing.Failure) -> FeedDocument {
        if let after, let short = try short(after: after, at: now) { return short }
        let base = state.withLock { self.base(after, $0) }
        return try makingLong.withLock { _ throws(KeyRing.Failure) in try make(base, at: now) }
    }

    /// The number of live entries, what is published, and the documents signed since the start.
    package var gauge: (sequence: Int64, entries: Int, signed: Int) {
        state.withLock { ($0.published, $0.entries.count, $0.signed) }
    }

    // MARK: Inside

    private func make(_ base: Int64?, at now: UnixTime) throws(KeyRing.Failure) -> FeedDocument {
        let (atHand, published, sequence, entries) = state.withLock { state -> (FeedDocument?, Int64, Int64, [RevocationEntry]) in
            if let document = Self.atHand(base, state, at: now) { return (document, 0, 0, []) }
            let first = base.map { base in state.entries.partitioningIndex { $0.sequence > base } } ?? 0
            let end = max(first, state.end)
            guard end - first > mostEntries else { return (nil, state.published, state.published, state.entries[first..<end].map(\.entry)) }
            let part = state.entries[first..<(first + mostEntries)]
            return (nil, state.published, part.last?.sequence ?? state.published, part.map(\.entry))
        }
        if let atHand { return atHand }
        let document = try sign(entries.filter { $0.until > now }, after: base, sequence: sequence, at: now)
        // A snapshot of many entries is dear, and one that is five seconds old is made up for by the first delta.
        let lifetime: Int64 = base == nil && entries.count > Self.manyEntries ? 5 : 1
        state.withLock { state in
            state.signed += 1
            guard state.published == published else { return }
            if state.kept.count >= Self.mostKept { state.kept = state.kept.filter { $0.value.isFresh(at: now) } }
            guard state.kept.count < Self.mostKept || base == nil else { return }
            state.kept[base] = Kept(document: document, madeAt: now, lifetime: lifetime)
        }
        return document
    }

    private func sign(
        _ entries: [RevocationEntry], after: Int64?, sequence: Int64, at now: UnixTime
    ) throws(KeyRing.Failure) -> FeedDocument {
        guard let signer = ring.snapshot.feed else { throw .noActiveKey(.feed) }
        let document = RevocationDocument(
            issuer: issuer, issuedAt: now.seconds, lineage: lineage, sequence: sequence, after: after, entries: entries)
        do throws(JOSEError) {
            return FeedDocument(text: try signer.sign(document.payload), etag: tag(sequence, at: now))
        } catch {
            throw .cryptography(detail: error.message)
        }
    }

    private func tag(_ sequence: Int64, at now: UnixTime) -> String { "W/\"\(lineage)-\(sequence)-\(now.seconds / 30)\"" }

    /// What a document for them builds on: the last entry that they know. Nil for the snapshot, where much is new and it leads further.
    private func base(_ after: Int64?, _ state: State) -> Int64? {
        guard let after, after <= state.published else { return nil }
        let first = state.entries.partitioningIndex { $0.sequence > after }
        if state.end - first > Self.longestShort, min(state.end, mostEntries) > first { return nil }
        return first == 0 ? 0 : state.entries[first - 1].sequence
    }

    private static func atHand(_ base: Int64?, _ state: State, at now: UnixTime) -> FeedDocument? {
        guard let kept = state.kept[base], kept.isFresh(at: now) else { return nil }
        return kept.document
    }

    /// Entries of a short document: some 22 KiB, which take less than a millisecond.
    private static let longestShort = 1000
    private static let manyEntries = 10_000
    private static let mostKept = 64
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
