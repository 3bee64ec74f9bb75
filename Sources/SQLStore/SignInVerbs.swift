// SignInVerbs: sign-ins of browsers, and the sessions of clients that came from them.

import MartletEncoding
import Store

extension SQLReads {
    func browserSession(cookieHash: [UInt8], at now: UnixTime) throws(StoreError) -> BrowserSession? {
        try connection.first(Statements.browserSession, [.blob(cookieHash), .time(now)]) { row throws(StoreError) in
            BrowserSession(
                id: row.text(0), cookieHash: row.blob(1), userID: UserID(row.text(2)), authenticatedAt: row.time(3),
                methods: try JSONColumn.read(row.text(4)), createdAt: row.time(5), idleExpiresAt: row.time(6), expiresAt: row.time(7),
                ip: row.text(8), userAgent: row.text(9))
        }
    }
}

extension SQLTransaction {
    func beginBrowserSession(
        _ new: BrowserSession, ifUserVersion: Int64, replacing old: [UInt8]?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BeginBrowserSessionOutcome {
        note(now)
        guard let user = try user(new.userID), user.isActive, user.version == ifUserVersion else { return .accountChanged }
        if let old { try replace(old, by: new, at: now) }
        try connection.run(Statements.deleteBrowserSession, [.text(new.id)])
        try connection.run(Statements.trimBrowserSessions, [.text(user.id.text), .integer(Self.maximumSignIns)])
        try connection.run(
            Statements.insertBrowserSession,
            [
                .text(new.id), .blob(new.cookieHash), .text(user.id.text), .time(new.authenticatedAt), .text(JSONColumn.write(new.methods)),
                .time(new.createdAt), .time(new.idleExpiresAt), .time(new.expiresAt), .text(new.ip), .text(new.userAgent),
            ])
        try audited(.signedIn, "user:\(user.id)", by: audit, at: now)
        return .begun(new, user)
    }

    func useBrowserSession(_ id: String, idleUntil: UnixTime) throws(StoreError) {
        try connection.run(Statements.useBrowserSession, [.text(id), .time(idleUntil)])
    }

    func endBrowserSession(
        cookieHash: [UInt8], andSessions: Bool, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BrowserSession? {
        note(now)
        guard let session = try browserSession(cookieHash: cookieHash, at: now) else { return nil }
        try connection.run(Statements.deleteBrowserSessionByCookie, [.blob(cookieHash)])
        if andSessions { try endWhatCame(from: session, reason: "signed out", at: now) }
        try audited(.signedOut, "user:\(session.userID)", by: audit, at: now)
        return session
    }

    /// What the same browser had before. Of the same person it goes on under a new name; of another it is over.
    private func replace(_ cookieHash: [UInt8], by new: BrowserSession, at now: UnixTime) throws(StoreError) {
        let old = try browserSession(cookieHash: cookieHash, at: now)
        try connection.run(Statements.deleteBrowserSessionByCookie, [.blob(cookieHash)])
        guard let old, old.id != new.id else { return }
        if old.userID == new.userID {
            try moveClients(from: old.id, to: new.id, of: new.userID)
        } else {
            try endWhatCame(from: old, reason: "another user signed in", at: now)
        }
    }

    /// After a new password, and with the account: nobody is signed in any more, no code that is out there is good, no device that was
    /// allowed gets its tokens, and the clients are told.
    func forgetSignIns(of user: UserID, at now: UnixTime) throws(StoreError) {
        try tellClients(of: user, at: now)
        try connection.run(Statements.deleteBrowserSessionsOfUser, [.text(user.text)])
        try connection.run(Statements.deleteCodesOfUser, [.text(user.text)])
        try connection.run(Statements.denyDevicesOfUser, [.text(user.text)])
    }

    /// Browsers that one person is signed in with; the one that would end first goes.
    private static let maximumSignIns: Int64 = 50
}
