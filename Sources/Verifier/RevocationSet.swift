// RevocationSet: what is taken back, in memory. Fed by the issuer's log of events in the service, and by the revocation feed
// elsewhere. Entries may come twice and in any order; the set only grows until their time is over, so no message that is
// lost, late or repeated brings a token back to life.
package import MartletEncoding
import Synchronization

/// One thing that is taken back.
package struct RevocationEntry: Sendable, Hashable {
    package var kind: RevocationDigest.Kind
    package var digest: RevocationDigest
    /// Afterwards no token exists that the entry could decide about.
    package var until: UnixTime
    /// Tokens with an earlier `iat`, in seconds, are dead; nil for every token.
    package var issuedBefore: Int64?

    package init(kind: RevocationDigest.Kind, digest: RevocationDigest, until: UnixTime, issuedBefore: Int64? = nil) {
        self.kind = kind
        self.digest = digest
        self.until = until
        self.issuedBefore = issuedBefore
    }
}

/// The live revocations of one issuer.
package final class RevocationSet: RevocationCheck {
    private struct Entry {
        /// In milliseconds.
        var until: Int64
        var issuedBefore: Int64?
    }

    private final class Shard: Sendable {
        let entries = Mutex<[RevocationDigest: Entry]>([:])
    }

    private let shards = (0..<16).map { _ in Shard() }
    /// What is nearly always enough to ask, and takes no lock.
    private let filter = RevocationFilter()
    private let total = Atomic<Int>(0)
    /// Held while entries come or go.
    private let changing = Mutex(())

    package init() {}

    /// How many revocations are live.
    package var count: Int { total.load(ordering: .relaxed) }

    package func verdict(on token: RevocationSubject, at now: UnixTime) -> RevocationVerdict {
        isRevoked(token) ? .revoked : .standing
    }

    /// Whether the token is taken back by anything.
    package func isRevoked(_ token: RevocationSubject) -> Bool {
        isRevoked(token.session, token) || isRevoked(token.token, token) || isRevoked(token.client, token)
            || isRevoked(token.key, token)
    }

    /// Takes in entries.
    package func insert(_ entries: some Sequence<RevocationEntry>) {
        changing.withLock { _ in for new in entries { insert(new) } }
    }

    private func insert(_ new: RevocationEntry) {
        let isNew = shard(new.digest).entries.withLock { entries in
            let old = entries[new.digest]
            // Of two revocations of one client the later one says more; `until` never falls.
            entries[new.digest] = Entry(
                until: max(new.until.milliseconds, old?.until ?? .min),
                issuedBefore: old.map { later($0.issuedBefore, new.issuedBefore) } ?? new.issuedBefore)
            return old == nil
        }
        guard isNew else { return }
        total.add(1, ordering: .relaxed)
        filter.insert(new.digest)
    }

    /// Lets go of what no token can meet any more. To be called now and then. An hour more is kept, so that a clock that was
    /// stepped back revives nothing.
    package func purge(at now: UnixTime) {
        let end = now.adding(seconds: -3600).milliseconds
        changing.withLock { _ in
            var gone = 0
            var kept: [RevocationDigest] = []
            for shard in shards {
                shard.entries.withLock { entries in
                    let before = entries.count
                    entries = entries.filter { $0.value.until > end }
                    gone += before - entries.count
                    kept += entries.keys
                }
            }
            guard gone > 0 else { return }
            total.subtract(gone, ordering: .relaxed)
            filter.keep(kept)
        }
    }

    private func isRevoked(_ digest: RevocationDigest?, _ token: RevocationSubject) -> Bool {
        guard let digest, filter.mayContain(digest), let entry = shard(digest).entries.withLock({ $0[digest] }) else { return false }
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
