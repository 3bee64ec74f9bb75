// RevocationSet: what is taken back, in memory, for the verifier to ask about every token. Fed by the log of events
// after each commit and before the answer. Events may come twice and in any order; the set only grows until their time
// is over.

package import MartletEncoding
package import MartletVerifier
package import Store
import Synchronization

/// The live revocations of one process.
package final class RevocationSet: RevocationCheck {
    private struct Entry {
        /// In milliseconds; afterwards no token exists that it could decide about.
        var until: Int64
        /// In seconds; nil for every token.
        var issuedBefore: Int64?
    }

    private final class Shard: Sendable {
        let entries = Mutex<[RevocationDigest: Entry]>([:])
    }

    private let shards = (0..<16).map { _ in Shard() }
    /// An empty set, which is the usual case, is asked without a lock.
    private let total = Atomic<Int>(0)

    package init() {}

    /// How many revocations are live.
    package var count: Int { total.load(ordering: .relaxed) }

    package func isRevoked(_ token: RevocationSubject) -> Bool {
        guard total.load(ordering: .acquiring) > 0 else { return false }
        return isRevoked(token.session, token) || isRevoked(token.token, token) || isRevoked(token.client, token)
            || isRevoked(token.key, token)
    }

    /// Takes in events of the log.
    package func apply(_ events: [RevocationEvent]) {
        for event in events {
            guard let kind = RevocationDigest.Kind(event.kind) else { continue }
            let digest = RevocationDigest(kind, event.target)
            let entry = Entry(until: event.until.milliseconds, issuedBefore: event.issuedBefore?.seconds)
            let isNew = shard(digest).entries.withLock { entries in
                let old = entries[digest]
                // Of two revocations of one client the later one says more; `until` never falls.
                entries[digest] = Entry(
                    until: max(entry.until, old?.until ?? .min),
                    issuedBefore: old.map { later($0.issuedBefore, entry.issuedBefore) } ?? entry.issuedBefore)
                return old == nil
            }
            if isNew { total.add(1, ordering: .releasing) }
        }
    }

    /// Lets go of what no token can meet any more. To be called now and then. An hour more is kept, so that a clock that was
    /// stepped back revives nothing.
    package func purge(at now: UnixTime) {
        let end = now.adding(seconds: -3600).milliseconds
        for shard in shards {
            let gone = shard.entries.withLock { entries in
                let before = entries.count
                entries = entries.filter { $0.value.until > end }
                return before - entries.count
            }
            total.subtract(gone, ordering: .relaxed)
        }
    }

    private func isRevoked(_ digest: RevocationDigest?, _ token: RevocationSubject) -> Bool {
        guard let digest, let entry = shard(digest).entries.withLock({ $0[digest] }) else { return false }
        guard let issuedBefore = entry.issuedBefore else { return true }
        return (token.issuedAt ?? .min) < issuedBefore
    }

    private func shard(_ digest: RevocationDigest) -> Shard {
        shards[Int(truncatingIfNeeded: digest.low & 15)]
    }
}

/// Nil is every token, so nil is the greatest.
private func later(_ one: Int64?, _ other: Int64?) -> Int64? {
    guard let one, let other else { return nil }
    return max(one, other)
}

extension RevocationDigest.Kind {
    fileprivate init?(_ kind: RevocationEvent.Kind) {
        switch kind {
        case .session: self = .session
        case .token: self = .token
        case .client: self = .client
        case .key: self = .key
        case .user, .account, .keyring: return nil
        }
    }
}
