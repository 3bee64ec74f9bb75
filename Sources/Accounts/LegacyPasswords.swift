// LegacyPasswords: whether passwords of another system's schemes are left, which a login has to know and cannot ask the store
// for each time. True until the store was asked: a failure that is answered late tells nothing.

package import MartletEncoding
package import Store
import Synchronization

/// What was last known of passwords that came from elsewhere.
package final class LegacyPasswords: Sendable {
    private let left = Atomic<Bool>(true)
    /// When it was last asked, in seconds.
    private let lookedAt = Atomic<Int64>(.min)

    package init() {}

    /// Whether any account had one when the store was last asked.
    package var areLeft: Bool { left.load(ordering: .relaxed) }

    /// Asks the store, at most once a second, if none were left: an import may go on beside the service. Blocks then.
    package func lookAgain(in store: any Store, at now: UnixTime) {
        guard !areLeft else { return }
        let before = lookedAt.load(ordering: .relaxed)
        guard before < now.seconds, lookedAt.compareExchange(expected: before, desired: now.seconds, ordering: .relaxed).exchanged else {
            return
        }
        look(in: store)
    }

    /// Asks the store; blocks. What was known stays when it cannot be asked.
    package func look(in store: any Store) {
        guard let found = try? store.read({ reads throws(StoreError) in try reads.hasLegacyPasswords() }) else { return }
        left.store(found, ordering: .relaxed)
    }
}
