// LegacyPasswords: whether passwords of another system's schemes are left, which a login has to know and cannot ask the store
// for each time. True until the store was asked: a failure that is answered late tells nothing.

package import Store
import Synchronization

/// What was last known of passwords that came from elsewhere.
package final class LegacyPasswords: Sendable {
    private let left = Atomic<Bool>(true)

    package init() {}

    /// Whether any account had one when the store was last asked.
    package var areLeft: Bool { left.load(ordering: .relaxed) }

    /// Asks the store; blocks. What was known stays when it cannot be asked.
    package func look(in store: any Store) {
        guard let found = try? store.read({ reads throws(StoreError) in try reads.hasLegacyPasswords() }) else { return }
        left.store(found, ordering: .relaxed)
    }
}
