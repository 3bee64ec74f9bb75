// RowCounter: what was counted last. Counting a million rows takes a moment, and gauges are asked for every few seconds.

import MartletEncoding
import Synchronization

/// The numbers of accounts and sessions, and when they were counted.
final class RowCounter: Sendable {
    private let last = Mutex<(users: Int64, sessions: Int64, at: UnixTime)?>(nil)

    /// What was counted in the last minutes; nil when it is time to count again.
    func counts(at now: UnixTime) -> (users: Int64, sessions: Int64)? {
        last.withLock {
            guard let known = $0, known.at <= now, now < known.at.adding(seconds: Self.lifetime) else { return nil }
            return (known.users, known.sessions)
        }
    }

    func remember(users: Int64, sessions: Int64, at now: UnixTime) {
        last.withLock { $0 = (users, sessions, now) }
    }

    /// Seconds.
    private static let lifetime: Int64 = 300
}
