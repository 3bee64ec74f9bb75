// LargeAnswers: places for answers so large that a few thousand readers who take their time would fill the memory with them.

import HTTP
import Synchronization

/// Counts the large answers that are on their way.
final class LargeAnswers: Sendable {
    private let onTheirWay = Mutex<[UInt64: Int]>([:])

    /// A place for one more, to be held until the answer is sent; nil when all are taken, or this client's are.
    func place(for client: UInt64) -> Holding? {
        let isTaken = onTheirWay.withLock { counts in
            guard counts.values.reduce(0, +) < Self.maximum, counts[client, default: 0] < Self.maximumPerClient else { return false }
            counts[client, default: 0] += 1
            return true
        }
        guard isTaken else { return nil }
        return Holding { [self] in
            onTheirWay.withLock { counts in
                let count = counts[client, default: 1] - 1
                counts[client] = count > 0 ? count : nil
            }
        }
    }

    private static let maximum = 32
    private static let maximumPerClient = 4
}
