// UserCache: accounts that were asked for lately, with the answer that shows them already written.
// Kept true by the event log: every committed change of an account drops its entry before the change is answered.

import MartletEncoding
package import Store
import Synchronization

/// A bounded cache of accounts by id.
package final class UserCache: Sendable {
    /// An account and the body that shows it to itself.
    package final class Entry: Sendable {
        package let user: User
        package let profile: [UInt8]

        init(user: User, profile: [UInt8]) {
            self.user = user
            self.profile = profile
        }
    }

    /// Two generations: when the young one is full it becomes the old one, and the old one is let go.
    private struct Generations {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
        var changes: UInt64 = 0

        mutating func find(_ id: String, capacity: Int) -> Entry? {
            if let entry = young[id] { return entry }
            guard let entry = old[id] else { return nil }
            keep(entry, id, capacity: capacity)
            return entry
        }

        mutating func keep(_ entry: Entry, _ id: String, capacity: Int) {
            if young.count >= capacity / 2 {
                old = young
                young = [:]
            }
            young[id] = entry
        }

        mutating func drop(_ id: String) {
            young[id] = nil
            old[id] = nil
            changes &+= 1
        }
    }

    private final class Shard: Sendable {
        let entries = Mutex(Generations())
    }

    private let shards: [Shard]
    private let capacityPerShard: Int
    private let render: @Sendable (User) -> [UInt8]

    private static let shardCount = 16

    /// A cache of at most `capacity` accounts (an entry is about a kilobyte); `render` writes an account's profile.
    package init(capacity: Int, render: @escaping @Sendable (User) -> [UInt8]) {
        shards = (0..<Self.shardCount).map { _ in Shard() }
        capacityPerShard = max(capacity / Self.shardCount, 2)
        self.render = render
    }

    /// The account, if it is here. Never blocks on the database.
    package func entry(_ id: String) -> Entry? {
        shard(id).entries.withLock { $0.find(id, capacity: capacityPerShard) }
    }

    /// The account, from here or from `read`, which runs without a lock. Nil when there is none.
    package func entry(_ id: String, read: () throws(StoreError) -> User?) throws(StoreError) -> Entry? {
        let (known, changes) = shard(id).entries.withLock { ($0.find(id, capacity: capacityPerShard), $0.changes) }
        if let known { return known }
        guard let user = try read() else { return nil }
        let entry = Entry(user: user, profile: render(user))
        shard(id).entries.withLock { state in
            // A change that was committed after the read began may be missing in what was read.
            guard state.changes == changes else { return }
            state.keep(entry, id, capacity: capacityPerShard)
        }
        return entry
    }

    /// Lets go of the accounts that these events changed. To be called with every committed event.
    package func apply(_ events: [RevocationEvent]) {
        for event in events where event.kind == .account || event.kind == .user {
            shard(event.target).entries.withLock { $0.drop(event.target) }
        }
    }

    private func shard(_ id: String) -> Shard {
        // The ids' last bytes are random whatever their form.
        var sum = 0
        for byte in id.utf8.suffix(4) { sum = sum &* 31 &+ Int(byte) }
        return shards[abs(sum % Self.shardCount)]
    }
}
