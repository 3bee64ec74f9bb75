// RowCounter: what was counted last. Counting a million rows takes a moment, and gauges are asked for every few seconds.

import MartletEncoding
import Store
import Synchronization

/// The numbers of accounts, sessions and schemes of passwords, and when they were counted.
final class RowCounter: Sendable {
    private let last = Mutex<Counted<(users: Int64, sessions: Int64)>?>(nil)
    private let lastSchemes = Mutex<Counted<[PasswordSchemeCount]>?>(nil)

    /// What was counted in the last minutes; nil when it is time to count again.
    func counts(at now: UnixTime) -> (users: Int64, sessions: Int64)? {
        last.withLock { $0?.fresh(at: now) }
    }

    func remember(users: Int64, sessions: Int64, at now: UnixTime) {
        last.withLock { $0 = Counted(value: (users, sessions), at: now) }
    }

    /// The same of the schemes.
    func passwordSchemes(at now: UnixTime) -> [PasswordSchemeCount]? {
        lastSchemes.withLock { $0?.fresh(at: now) }
    }

    func remember(_ schemes: [PasswordSchemeCount], at now: UnixTime) {
        lastSchemes.withLock { $0 = Counted(value: schemes, at: now) }
    }
}

private struct Counted<Value> {
    let value: Value
    let at: UnixTime

    func fresh(at now: UnixTime) -> Value? {
        at <= now && now < at.adding(seconds: Self.lifetime) ? value : nil
    }

    /// Seconds.
    private static var lifetime: Int64 { 300 }
}
