// Purge: rows whose time is over go with the batches that write anyway, as many as their verbs may have made, and the
// rest while there is nothing to write. No clock of its own, no large delete, no job to forget. A row that is over counts
// for nothing wherever it is asked for, purged or not.

import MartletEncoding
import Store

/// Shares what may be purged among the tables. Used on the writer's thread only.
final class Purge {
    private let auditSeconds: Int64
    private var turn = 0

    init(auditDays: Int64) {
        auditSeconds = UnixTime(seconds: auditDays).milliseconds / 1000 * 86_400
    }

    /// Rows that go along with a batch of so many verbs. A login leaves four rows behind and a refresh none, so the purge
    /// keeps up with any load of them; what rarer verbs leave goes in idle moments.
    static func rows(forVerbs count: Int) -> Int { max(8, min(4 * count, 1024)) }

    /// Rows that go at once while nothing is written; few enough for a verb to wait for.
    static let idleRows = 256

    /// Whether there is anything to purge.
    func isDue(on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) -> Bool {
        let (audit, addresses) = (oldestAudit(at: now), oldestAddress(at: now))
        return try connection.first(Statements.isAnythingToPurge, [.time(now), .time(audit), .time(addresses)]) {
            row throws(StoreError) in row.integer(0) != 0
        } ?? false
    }

    /// Purges `rows` rows at most, the same number of every table, and of the others what one has too few for. Answers how many
    /// were dealt with.
    @discardableResult
    func run(on connection: SQLiteConnection, at now: UnixTime, rows: Int) throws(StoreError) -> Int {
        // Each table is the first of a turn, for the rows that cannot be shared.
        turn = (turn + 1) % Table.allCases.count
        var tables = Array(Table.allCases[turn...] + Table.allCases[..<turn])
        var left = rows
        while left > 0, !tables.isEmpty {
            let share = max(left / tables.count, 1)
            var unfinished = [Table]()
            for table in tables where left > 0 {
                let limit = min(share, left)
                let count = try purge(table, limit: limit, on: connection, at: now)
                left -= count
                if count >= limit { unfinished.append(table) }
            }
            tables = unfinished
        }
        return rows - left
    }

    private enum Table: CaseIterable {
        case sessions, events, audit, loginAddresses, oldTokens, codes, pushedRequests, deviceRequests, browserSessions, usedProofs
        case signInClients
    }

    private func purge(_ table: Table, limit: Int, on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) -> Int {
        let limit = SQLValue.integer(Int64(limit))
        switch table {
        case .sessions: return try purgeSessions(limit, on: connection, at: now)
        case .events: try connection.run(Statements.purgeEvents, [.time(now), limit])
        case .audit: try connection.run(Statements.purgeAudit, [.time(oldestAudit(at: now)), limit])
        case .oldTokens: try connection.run(Statements.purgeOldTokens, [.time(now), limit])
        case .loginAddresses: try connection.run(Statements.purgeLoginAddresses, [.time(oldestAddress(at: now)), limit])
        case .codes: try connection.run(Statements.purgeCodes, [.time(now), limit])
        case .pushedRequests: try connection.run(Statements.purgePushedRequests, [.time(now), limit])
        case .deviceRequests: try connection.run(Statements.purgeDeviceRequests, [.time(now), limit])
        case .browserSessions: try connection.run(Statements.purgeBrowserSessions, [.time(now), limit])
        case .usedProofs: try connection.run(Statements.purgeUsedProofs, [.time(now), limit])
        case .signInClients: try connection.run(Statements.purgeSignInClients, [.time(now), limit])
        }
        return Int(connection.changes)
    }

    /// The index says when to look. A session that was refreshed since is put off to its new end.
    private func purgeSessions(_ limit: SQLValue, on connection: SQLiteConnection, at now: UnixTime) throws(StoreError) -> Int {
        let due = try connection.all(Statements.sessionsToPurge, [.time(now), limit]) { row throws(StoreError) in
            (id: row.text(0), end: max(min(row.time(1), row.time(2)), row.time(3).adding(seconds: SQLTransaction.skew)))
        }
        for (id, end) in due {
            if end <= now {
                try connection.run(Statements.deleteSession, [.text(id)])
            } else {
                try connection.run(Statements.postponePurge, [.text(id), .time(end)])
            }
        }
        return due.count
    }

    private func oldestAudit(at now: UnixTime) -> UnixTime { now.adding(seconds: -auditSeconds) }
    private func oldestAddress(at now: UnixTime) -> UnixTime { now.adding(seconds: -Self.addressSeconds) }

    /// 30 days.
    private static let addressSeconds: Int64 = 2_592_000
}
