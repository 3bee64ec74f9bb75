// Purge: rows whose time is over go a few at a time, with the batches that write anyway. No clock of its own, no
// large delete, no job to forget. A row that is over counts for nothing wherever it is asked for, purged or not.

import MartletEncoding
import Store

/// Takes turns among the tables. Used on the writer's thread only.
final class Purge {
    private let auditSeconds: Int64
    private var turn = 0

    init(auditDays: Int64) {
        auditSeconds = UnixTime(seconds: auditDays).milliseconds / 1000 * 86_400
    }

    /// Purges a few rows of the table whose turn it is.
    func run(on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) {
        turn = (turn + 1) % 4
        switch turn {
        case 0: try purgeSessions(on: connection, at: now)
        case 1: try connection.run(Statements.purgeEvents, [.time(now), Self.rows])
        case 2: try connection.run(Statements.purgeAudit, [.time(now.adding(seconds: -auditSeconds)), Self.rows])
        default:
            try connection.run(Statements.purgeLoginAddresses, [.time(now.adding(seconds: -Self.addressSeconds)), Self.rows])
        }
    }

    /// The index says when to look. A session that was refreshed since is put off to its new end.
    private func purgeSessions(on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) {
        let due = try connection.all(Statements.sessionsToPurge, [.time(now), Self.rows]) { row throws(StoreError) in
            (id: row.text(0), end: max(min(row.time(1), row.time(2)), row.time(3).adding(seconds: SQLTransaction.skew)))
        }
        for (id, end) in due {
            if end <= now {
                try connection.run(Statements.deleteSession, [.text(id)])
            } else {
                try connection.run(Statements.postponePurge, [.text(id), .time(end)])
            }
        }
    }

    /// 30 days.
    private static let addressSeconds: Int64 = 2_592_000
    /// Rows of one table in one batch.
    private static let rows = SQLValue.integer(8)
}
