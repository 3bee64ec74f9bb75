// ClientDirectory: the clients of requests, by id, read and parsed once. Kept true by the event log: every committed change of a
// registration drops its entry before the change is answered. That there is no client of some id is remembered as well, for a moment
// and for a bounded number of ids, so that asking for nobody again and again is no way to keep the database busy.
//
//     cached(id) ──▶ .known / .absent                  at once, on the loop
//            └─────▶ .unknown ──▶ load(id)             on a worker, or outbound for a client that is a document elsewhere

package import MartletEncoding
package import Store
import Synchronization

/// Finds clients.
package final class ClientDirectory: Sendable {
    /// What memory says.
    package enum Lookup: Sendable, Hashable {
        case known(Client)
        /// There is no such client.
        case absent
        /// Memory does not know: ask ``load(_:at:)``.
        case unknown
    }

    private let store: any Store
    private let documents: ClientDocuments?
    private let shards: [Shard]
    private let capacity: Int

    private final class Shard: Sendable {
        let entries = Mutex(Generations())
    }

    /// Two generations: when the young one is full it becomes the old one, and the old one is let go.
    private struct Generations {
        var young: [String: Client] = [:]
        var old: [String: Client] = [:]
        /// Ids of nobody, and until when that is believed.
        var absent: [String: UnixTime] = [:]
        var changes: UInt64 = 0

        mutating func find(_ id: String, at now: UnixTime, capacity: Int) -> Lookup {
            if let client = young[id] { return .known(client) }
            if let client = old[id] {
                keep(client, capacity: capacity)
                return .known(client)
            }
            guard let until = absent[id] else { return .unknown }
            // A clock that was stepped back must not make it last.
            if now < until, until <= now.adding(seconds: absentLife) { return .absent }
            absent[id] = nil
            return .unknown
        }

        mutating func keep(_ client: Client, capacity: Int) {
            if young.count >= capacity / 2 {
                old = young
                young = [:]
            }
            young[client.id] = client
        }

        mutating func keepAbsent(_ id: String, at now: UnixTime, capacity: Int) {
            if absent.count >= capacity { absent = [:] }
            absent[id] = now.adding(seconds: absentLife)
        }

        mutating func drop(_ id: String) {
            young[id] = nil
            old[id] = nil
            absent[id] = nil
            changes &+= 1
        }
    }

    private static let shardCount = 16
    /// Seconds.
    private static let absentLife: Int64 = 10

    /// A directory that keeps at most `capacity` clients (one is some kilobytes) and as many ids of nobody. Without `documents`
    /// a URL is nobody's id.
    package init(store: any Store, documents: ClientDocuments?, capacity: Int = 4096) {
        self.store = store
        self.documents = documents
        self.capacity = max(capacity / Self.shardCount, 2)
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// The client of an id, if memory knows. Never blocks.
    package func cached(_ id: String, at now: UnixTime) -> Lookup {
        if let url = ClientDocumentURL(id) { return documents?.cached(url, at: now) ?? .absent }
        guard ClientRegistrar.isID(id) else { return .absent }
        return shard(id).entries.withLock { $0.find(id, at: now, capacity: capacity) }
    }

    /// The client of an id, as far as no other host has to be asked; nil where there is none, and where it cannot be read now. Blocks.
    package func here(_ id: String, at now: UnixTime) -> Client? {
        if case .known(let client) = cached(id, at: now) { return client }
        return isElsewhere(id) ? nil : (try? load(id, at: now)) ?? nil
    }

    /// Whether a client's id may be the address of a document.
    package var takesDocuments: Bool { documents != nil }

    /// Whether looking for this id may call another host: on the outbound lane then, else on a worker.
    package func isElsewhere(_ id: String) -> Bool { documents != nil && ClientDocumentURL(id) != nil }

    /// The client of an id, from wherever it is; nil when there is none. Blocks.
    ///
    /// Throws `temporarily_unavailable` when it cannot be looked for now, `invalid_client` with the reason when the document that it
    /// should be is none, `server_error` when what is stored cannot be read.
    package func load(_ id: String, at now: UnixTime) throws(OAuthError) -> Client? {
        if let url = ClientDocumentURL(id) { return try documents?.load(url, at: now) }
        guard ClientRegistrar.isID(id) else { return nil }
        let shard = shard(id)
        let (known, changes) = shard.entries.withLock { ($0.find(id, at: now, capacity: capacity), $0.changes) }
        switch known {
        case .known(let client): return client
        case .absent: return nil
        case .unknown: break
        }
        let client = try read(id)
        shard.entries.withLock { state in
            // A change that was committed after the read began may be missing in what was read.
            guard state.changes == changes else { return }
            if let client { state.keep(client, capacity: capacity) } else { state.keepAbsent(id, at: now, capacity: capacity) }
        }
        return client
    }

    /// Lets go of the clients that these events changed. To be called with every committed event.
    package func apply(_ events: [RevocationEvent]) {
        for event in events where event.kind == .registration {
            shard(event.target).entries.withLock { $0.drop(event.target) }
        }
    }

    private func read(_ id: String) throws(OAuthError) -> Client? {
        let record: OAuthClient?
        do throws(StoreError) {
            record = try store.read { reads throws(StoreError) in try reads.client(id) }
        } catch {
            throw OAuthError(.temporarilyUnavailable, "The client cannot be looked up now; try again later.", logDetail: error.detail)
        }
        return try record.map { record throws(OAuthError) in try Client(record) }
    }

    private func shard(_ id: String) -> Shard {
        var sum: UInt = 0
        for byte in id.utf8.suffix(4) { sum = sum &* 31 &+ UInt(byte) }
        return shards[Int(sum % UInt(Self.shardCount))]
    }
}
