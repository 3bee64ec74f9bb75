// LogoutVerbs: which clients a sign-in let in, and the outbox of what they are to be told when it ends. Ended sign-ins are told here
// alone, in the transaction that ends them; that the tokens are dead is the revocation events' matter.

import MartletEncoding
import Store

extension SQLReads {
    func clients(ofBrowserSession id: String) throws(StoreError) -> [SignedInClient] {
        try connection.all(Statements.clientsOfBrowserSession, [.text(id)]) { row throws(StoreError) in
            SignedInClient(clientID: row.text(0), signIn: row.text(1))
        }
    }

    func clientSessions(of user: UserID, at now: UnixTime) throws(StoreError) -> [Session] {
        try connection.all(Statements.clientSessions, [.text(user.text), .time(now)]) { row throws(StoreError) in row.session() }
    }

    func hasDueLogoutNotice(except client: String?, at now: UnixTime) throws(StoreError) -> Bool {
        try connection.first(Statements.hasDueLogoutNotice, [.time(now), .optional(client)]) { row throws(StoreError) in
            row.integer(0) != 0
        } ?? false
    }

    func logoutNoticeCount() throws(StoreError) -> Int64 {
        try connection.first(Statements.countLogoutNotices) { row throws(StoreError) in row.integer(0) } ?? 0
    }
}

extension SQLTransaction {
    func takeLogoutNotices(
        limit: Int, except client: String?, leaseSeconds: Int64, at now: UnixTime
    ) throws(StoreError) -> [LogoutNotice] {
        note(now)
        return try connection.all(
            Statements.takeLogoutNotices,
            [.time(now), .time(now.adding(seconds: leaseSeconds)), .integer(Int64(max(limit, 0))), .optional(client)]
        ) { row throws(StoreError) in
            LogoutNotice(
                id: row.text(0), clientID: row.text(1), userID: UserID(row.text(2)), signIn: row.text(3), createdAt: row.time(4),
                attempts: row.integer(5))
        }
    }

    func settle(_ notice: LogoutNotice, _ outcome: LogoutNoticeOutcome, at now: UnixTime) throws(StoreError) {
        note(now)
        switch outcome {
        case .settled: try connection.run(Statements.deleteLogoutNotice, [.text(notice.id)])
        case .failed(let due): try connection.run(Statements.putBackLogoutNotice, [.text(notice.id), .time(due), .integer(1)])
        case .postponed(let due): try connection.run(Statements.putBackLogoutNotice, [.text(notice.id), .time(due), .integer(0)])
        case .givenUp(let reason):
            try connection.run(Statements.deleteLogoutNotice, [.text(notice.id)])
            // Another process may have given it up as well.
            guard connection.changes == 1 else { return }
            try record(
                .logoutUndelivered, target: "client:\(notice.clientID)", result: .failure, detail: reason,
                audit: AuditContext(actor: .system), at: now)
        }
    }

    // MARK: What other verbs call

    /// Notes that a sign-in let a client in, whose session may live until then. `browser` is what the sign-in is called by now.
    func noteClient(_ client: String, of signIn: String, in browser: String, _ user: UserID, until: UnixTime) throws(StoreError) {
        try connection.run(
            Statements.putSignInClient, [.text(signIn), .text(client), .text(user.text), .time(until), .text(browser)])
    }

    /// The clients of the sign-in `old` are those of `new` from now on, and so are their sessions, and codes that may still become some:
    /// the same person, in the same browser.
    func moveClients(from old: String, to new: String, of user: UserID) throws(StoreError) {
        try connection.run(Statements.moveCodesOfBrowser, [.text(old), .text(new), .text(user.text)])
        try connection.run(Statements.moveSignInClients, [.text(old), .text(new)])
        try connection.run(Statements.moveSessionsOfBrowser, [.text(old), .text(new)])
    }

    /// The sessions that came from a sign-in end, with its codes, and its clients are told.
    func endWhatCame(from signIn: BrowserSession, reason: String, at now: UnixTime) throws(StoreError) {
        let rows = try connection.all(Statements.sessionsOfBrowser, [.text(signIn.id), .time(now)]) { row throws(StoreError) in
            SessionToEnd(row: row)
        }
        for row in rows where row.concernsTokens(at: now) { try end(row, reason: reason, at: now) }
        try connection.run(Statements.deleteCodesOfBrowser, [.text(signIn.userID.text), .text(signIn.id)])
        try tell(Statements.takeClientsOfBrowserSession, [.text(signIn.id)], at: now)
    }

    /// Everybody's clients whom an account signed in to are told.
    func tellClients(of user: UserID, at now: UnixTime) throws(StoreError) {
        try tell(Statements.takeClientsOfUser, [.text(user.text)], at: now)
    }

    /// One client is told about every sign-in of an account.
    func tell(_ client: String, of user: UserID, at now: UnixTime) throws(StoreError) {
        try tell(Statements.takeClientOfUser, [.text(user.text), .text(client)], at: now)
    }

    private func tell(_ statement: SQL, _ values: [SQLValue], at now: UnixTime) throws(StoreError) {
        let told = try connection.all(statement, values) { row throws(StoreError) in
            (signIn: row.text(0), client: row.text(1), user: row.text(2))
        }
        for client in told {
            try connection.run(
                Statements.insertLogoutNotice,
                [.text(makeID()), .text(client.client), .text(client.user), .text(client.signIn), .time(now)])
        }
    }
}

extension Statements {
    static let clientsOfBrowserSession: SQL = """
        SELECT client_id, sign_in FROM sign_in_clients WHERE browser_session_id = $1 ORDER BY client_id, sign_in
        """
    /// Neither the first-party login's nor those that administrators began as others.
    static let clientSessions: SQL = """
        SELECT \(sessionColumns) FROM sessions s
        WHERE s.user_id = $1 AND \(isLive) AND s.client_id <> 'martlet' AND s.client_id NOT LIKE 'impersonation:%'
        ORDER BY s.created_at, s.id
        """
    static let putSignInClient: SQL = """
        INSERT INTO sign_in_clients (sign_in, client_id, user_id, browser_session_id, until)
        VALUES ($1, $2, $3, $5, max($4, coalesce((SELECT expires_at FROM browser_sessions WHERE id = $5), 0)))
        ON CONFLICT (sign_in, client_id) DO UPDATE SET until = max(until, excluded.until)
        """
    static let moveCodesOfBrowser: SQL = """
        UPDATE authorization_codes SET browser_session_id = $2 WHERE user_id = $3 AND browser_session_id = $1 AND session_id IS NULL
        """
    static let moveSignInClients: SQL = "UPDATE sign_in_clients SET browser_session_id = $2 WHERE browser_session_id = $1"
    static let moveSessionsOfBrowser: SQL = "UPDATE sessions SET browser_session_id = $2 WHERE browser_session_id = $1"
    static let deleteCodesOfBrowser: SQL = """
        DELETE FROM authorization_codes WHERE user_id = $1 AND browser_session_id = $2 AND session_id IS NULL
        """
    static let takeClientsOfBrowserSession: SQL = """
        DELETE FROM sign_in_clients WHERE browser_session_id = $1 RETURNING sign_in, client_id, user_id
        """
    static let takeClientsOfUser: SQL = "DELETE FROM sign_in_clients WHERE user_id = $1 RETURNING sign_in, client_id, user_id"
    static let takeClientOfUser: SQL = """
        DELETE FROM sign_in_clients WHERE user_id = $1 AND client_id = $2 RETURNING sign_in, client_id, user_id
        """
    static let purgeSignInClients: SQL = """
        DELETE FROM sign_in_clients WHERE (sign_in, client_id) IN (
            SELECT sign_in, client_id FROM sign_in_clients WHERE until <= $1 ORDER BY until LIMIT $2)
        """

    static let insertLogoutNotice: SQL = """
        INSERT INTO logout_notices (id, client_id, user_id, sign_in, created_at, attempts, due_at) VALUES ($1, $2, $3, $4, $5, 0, $5)
        """
    static let hasDueLogoutNotice: SQL = "SELECT EXISTS (SELECT 1 FROM logout_notices WHERE due_at <= $1 AND client_id IS NOT $2)"
    static let countLogoutNotices: SQL = "SELECT count(*) FROM logout_notices"
    static let takeLogoutNotices: SQL = """
        UPDATE logout_notices SET due_at = $2
        WHERE id IN (SELECT id FROM logout_notices WHERE due_at <= $1 AND client_id IS NOT $4 ORDER BY due_at, id LIMIT $3)
        RETURNING id, client_id, user_id, sign_in, created_at, attempts
        """
    static let putBackLogoutNotice: SQL = "UPDATE logout_notices SET due_at = $2, attempts = attempts + $3 WHERE id = $1"
    static let deleteLogoutNotice: SQL = "DELETE FROM logout_notices WHERE id = $1"
}
