// RevocationVerbs: taking things back when somebody asks for it.

import MartletEncoding
import Store

extension SQLTransaction {
    func revoke(
        _ target: RevocationTarget, reason: String?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> RevocationEvent? {
        note(now)
        switch target {
        case .token(let id, let until): return try revokeToken(id, until: until, reason: reason, audit: audit, at: now)
        case .session(let id, let user):
            guard let row = try sessionToEnd(id, at: now), row.concernsTokens(at: now), user == nil || user == row.userID else {
                return nil
            }
            let event = try end(row, reason: reason, at: now)
            try audited(.sessionEnded, "session:\(id)", reason, by: audit, at: now)
            return event
        case .user(let id):
            guard let user = try user(id) else { return nil }
            let event = try end(sessionsToEnd(of: id, at: now), of: id, reason: reason, at: now)
            try endOldTokens(of: user, reason: reason, cause: event, at: now)
            try endImpersonations(by: id, cause: event, at: now)
            try forgetSignIns(of: id, at: now)
            try audited(.sessionsEnded, "user:\(id)", reason, by: audit, at: now)
            return event
        case .client(let id): return try revokeClient(id, reason: reason, audit: audit, at: now)
        }
    }

    private func revokeToken(
        _ id: String, until: UnixTime?, reason: String?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> RevocationEvent? {
        let latest =
            if let until { until } else { max(try latestAccessExpiry(at: now), try oldTokensEnd() ?? now) }
        let end = latest.adding(seconds: Self.skew)
        guard end > now else { return nil }
        let known = try connection.first(Statements.tokenEvent, [.text(id), .time(now)]) { row throws(StoreError) in try row.event() }
        // An earlier event is enough unless it was made for a shorter life than this one asks for.
        if let known, until == nil || known.until >= end { return known }
        let event = try append(.token, id, at: now, until: end, reason: reason)
        try audited(.tokenRevoked, "token:\(id)", reason, by: audit, at: now)
        return event
    }

    private func revokeClient(
        _ id: String, reason: String?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> RevocationEvent {
        let mark = try connection.first(Statements.clientMark, [.text(id)]) { row throws(StoreError) in row.time(0) }
        let isOld = id.hasPrefix(User.oldTokensPrefix)
        let latest = max(try latestAccessExpiry(at: now), isOld ? try oldTokensEnd() ?? now : now)
        let event = try append(
            .client, id, at: now, until: latest.adding(seconds: Self.skew), keepUntil: mark,
            issuedBefore: UnixTime(seconds: now.seconds + 1), reason: reason)
        // What it was given and did not come for yet is part of what it has.
        for statement in [Statements.deleteUnusedCodesOfClient, Statements.denyDevicesOfClient] {
            try connection.run(statement, [.text(id)])
        }
        try audited(.clientRevoked, "client:\(id)", reason, by: audit, at: now)
        return event
    }

    /// No access token of this service has a later `exp`. The keys' marks alone do not say so: a token under a shared secret raises none.
    func latestAccessExpiry(at now: UnixTime) throws(StoreError) -> UnixTime {
        let mark = try connection.first(Statements.highestAccessMark) { row throws(StoreError) in row.optionalTime(0) }
        let longest = now.adding(seconds: Self.longestAccessLifetime)
        return max((mark ?? nil) ?? longest, longest)
    }

    /// Seconds: the largest lifetime of access tokens that the settings allow.
    private static let longestAccessLifetime: Int64 = 86_400
}
