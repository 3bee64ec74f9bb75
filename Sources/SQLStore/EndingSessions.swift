// EndingSessions: the one way in which sessions end before their time: the row goes, and an event says until when
// the access tokens that are still out there are dead.

import MartletEncoding
import Store

/// What ending a session needs of its row.
struct SessionToEnd {
    var id: SessionID
    var userID: UserID
    var accessEpoch: Int64
    var accessExpiresAt: UnixTime
    /// Whether it still lives; if not, its access tokens may yet.
    var isLive: Bool

    var accessSessionID: String { accessEpoch == 0 ? id.text : "\(id.text).\(accessEpoch)" }

    /// From then on none of its access tokens is good anywhere.
    var tokensEndBy: UnixTime { accessExpiresAt.adding(seconds: SQLTransaction.skew) }

    /// Whether there is anything to end.
    func concernsTokens(at now: UnixTime) -> Bool { isLive || tokensEndBy > now }

    init(row: SQLiteStatement) {
        id = SessionID(row.text(0))
        userID = UserID(row.text(1))
        accessEpoch = row.integer(2)
        accessExpiresAt = row.time(3)
        isLive = row.integer(4) != 0
    }
}

extension SQLTransaction {
    func sessionToEnd(_ id: SessionID, at now: UnixTime) throws(StoreError) -> SessionToEnd? {
        try connection.first(Statements.sessionToEnd, [.text(id.text), .time(now)]) { row throws(StoreError) in SessionToEnd(row: row) }
    }

    /// All rows of an account, the oldest first.
    func sessionsToEnd(of user: UserID, at now: UnixTime) throws(StoreError) -> [SessionToEnd] {
        try connection.all(Statements.sessionsToEnd, [.text(user.text), .time(now)]) { row throws(StoreError) in
            SessionToEnd(row: row)
        }
    }

    /// Ends one session.
    @discardableResult
    func end(
        _ row: SessionToEnd, reason: String?, cause: RevocationEvent? = nil, at now: UnixTime
    ) throws(StoreError) -> RevocationEvent {
        try connection.run(Statements.deleteSession, [.text(row.id.text)])
        return try append(.session, row.accessSessionID, at: now, until: row.tokensEndBy, reason: reason, cause: cause)
    }

    /// Ends sessions that are all of an account's: one `user` event, and one for each session that names it as its cause.
    @discardableResult
    func end(_ rows: [SessionToEnd], of user: UserID, reason: String?, at now: UnixTime) throws(StoreError) -> RevocationEvent {
        let rows = rows.filter { $0.concernsTokens(at: now) }
        let event = try append(.user, user.text, at: now, until: rows.map(\.tokensEndBy).max(), reason: reason)
        for row in rows { try end(row, reason: reason, cause: event, at: now) }
        return event
    }

    /// Ends the sessions that somebody began as others, if there may be any.
    func endImpersonations(by user: UserID, cause: RevocationEvent, at now: UnixTime) throws(StoreError) {
        let client = Session.impersonationClient(of: user)
        let mark = try connection.first(Statements.clientMark, [.text(client)]) { row throws(StoreError) in row.time(0) }
        guard let mark, mark > now else { return }
        try append(
            .client, client, at: now, until: latestAccessExpiry(at: now).adding(seconds: Self.skew), keepUntil: mark,
            issuedBefore: UnixTime(seconds: now.seconds + 1), reason: cause.reason, cause: cause)
    }
}
