// BodyBudget: what all connections of a server may hold of requests' content, together. Up to 4 KiB of a request are not counted: the
// number of connections bounds those, and a flood of large content stops no login.

import Synchronization

/// A number of bytes that requests share.
package final class BodyBudget: Sendable {
    private let limit: Int
    private let taken = Atomic(0)

    /// A budget of so many bytes.
    package init(bytes: Int) {
        limit = bytes
    }

    /// The bytes that are taken now.
    package var held: Int { taken.load(ordering: .relaxed) }

    /// What one request takes; given back when the last one who has the request lets go.
    package final class Share: Sendable {
        private let budget: BodyBudget
        private let size = Atomic(0)

        init(of budget: BodyBudget) {
            self.budget = budget
        }

        deinit { budget.taken.subtract(size.load(ordering: .relaxed), ordering: .relaxed) }

        /// Takes what is missing to `count` bytes. One caller at a time.
        /// - Throws: 503 `overloaded` when the budget does not have it.
        func grow(to count: Int) throws(Refusal) {
            let missing = count - size.load(ordering: .relaxed)
            guard budget.taken.add(missing, ordering: .relaxed).newValue <= budget.limit else {
                budget.taken.subtract(missing, ordering: .relaxed)
                var refusal = Refusal.overloaded(retryAfter: 1)
                refusal.logDetail = "the content of requests takes all of its \(budget.limit) bytes"
                throw refusal
            }
            size.store(count, ordering: .relaxed)
        }
    }

    /// Bytes of a request's content that are free.
    static let uncounted = 4096
}
