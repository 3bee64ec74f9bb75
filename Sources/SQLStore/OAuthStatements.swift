// OAuthStatements: the texts about clients, codes, sign-ins and proofs. The rules are those of Statements.

extension Statements {
    // MARK: Clients

    private static let clientColumns = """
        id, origin, secret, hash_registration_token, metadata, policy, version, created_at, updated_at, unused_until
        """
    static let client: SQL = "SELECT \(clientColumns) FROM clients WHERE id = $1"
    static let clients: SQL = """
        SELECT \(clientColumns) FROM clients WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3
        """
    static let insertClient: SQL = "INSERT INTO clients (\(clientColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    static let updateClient: SQL = """
        UPDATE clients SET secret = $2, hash_registration_token = $3, metadata = $4, policy = $5, version = $6, updated_at = $7,
            unused_until = $8
        WHERE id = $1
        """
    static let clientsMaybeUnused: SQL = """
        SELECT \(clientColumns) FROM clients WHERE unused_until <= $1 ORDER BY unused_until LIMIT $2
        """
    static let isClientUsed: SQL = """
        SELECT EXISTS (SELECT 1 FROM consents WHERE client_id = $1)
            OR EXISTS (SELECT 1 FROM sessions WHERE client_id = $1 AND client_id <> 'martlet')
        """
    static let keepClient: SQL = "UPDATE clients SET unused_until = NULL WHERE id = $1"
    static let deleteClient: SQL = "DELETE FROM clients WHERE id = $1"

    private static let consentColumns = "user_id, client_id, scope, resources, granted_at"
    static let consent: SQL = "SELECT \(consentColumns) FROM consents WHERE user_id = $1 AND client_id = $2"
    static let consents: SQL = "SELECT \(consentColumns) FROM consents WHERE user_id = $1 ORDER BY client_id"
    static let putConsent: SQL = """
        INSERT INTO consents (\(consentColumns)) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope, resources = excluded.resources,
            granted_at = excluded.granted_at
        """
    static let deleteConsent: SQL = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2"
    static let deleteConsentsOfUser: SQL = "DELETE FROM consents WHERE user_id = $1"
    static let deleteConsentsOfClient: SQL = "DELETE FROM consents WHERE client_id = $1"

    // MARK: Authorization codes

    static let code: SQL = """
        SELECT hash_code, client_id, user_id, redirect_uri, challenge, proof_key, scope, details, browser_session_id, expires_at,
            session_id
        FROM authorization_codes WHERE hash_code = $1
        """
    static let insertCode: SQL = """
        INSERT INTO authorization_codes (hash_code, client_id, user_id, redirect_uri, challenge, proof_key, scope, details,
            browser_session_id, expires_at, purge_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """
    static let redeemCode: SQL = "UPDATE authorization_codes SET session_id = $2 WHERE hash_code = $1 AND session_id IS NULL"
    static let deleteCodesOfUser: SQL = "DELETE FROM authorization_codes WHERE user_id = $1 AND session_id IS NULL"
    static let deleteCodesOfGrant: SQL = """
        DELETE FROM authorization_codes WHERE user_id = $1 AND client_id = $2 AND session_id IS NULL
        """
    static let deleteUnusedCodesOfClient: SQL = "DELETE FROM authorization_codes WHERE client_id = $1 AND session_id IS NULL"
    static let deleteCodesOfClient: SQL = "DELETE FROM authorization_codes WHERE client_id = $1"

    // MARK: Pushed requests

    static let pushedRequest: SQL = """
        SELECT parameters FROM pushed_requests WHERE hash_uri = $1 AND client_id = $2 AND expires_at > $3
        """
    static let insertPushedRequest: SQL = """
        INSERT INTO pushed_requests (hash_uri, client_id, parameters, expires_at) VALUES ($1, $2, $3, $4)
        """
    static let deletePushedRequest: SQL = "DELETE FROM pushed_requests WHERE hash_uri = $1"

    // MARK: Devices

    private static let deviceColumns = """
        hash_device_code, hash_user_code, client_id, proof_key, scope, resources, state, user_id, details, browser_session_id,
        interval_seconds, polled_at, expires_at
        """
    static let deviceRequest: SQL = "SELECT \(deviceColumns) FROM device_requests WHERE hash_device_code = $1"
    static let deviceRequestByUserCode: SQL = """
        SELECT \(deviceColumns) FROM device_requests WHERE hash_user_code = $1 AND expires_at > $2
        """
    static let insertDeviceRequest: SQL = """
        INSERT INTO device_requests (hash_device_code, hash_user_code, client_id, proof_key, scope, resources, state,
            interval_seconds, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """
    static let approveDeviceRequest: SQL = """
        UPDATE device_requests SET state = 'approved', user_id = $2, scope = $3, details = $4, browser_session_id = $5
        WHERE hash_user_code = $1 AND state = 'pending'
        """
    static let denyDeviceRequest: SQL = """
        UPDATE device_requests SET state = 'denied' WHERE hash_user_code = $1 AND state = 'pending'
        """
    static let redeemDeviceRequest: SQL = """
        UPDATE device_requests SET state = 'redeemed' WHERE hash_device_code = $1 AND state = 'approved'
        """
    static let notePoll: SQL = "UPDATE device_requests SET polled_at = $2, interval_seconds = $3 WHERE hash_device_code = $1"
    /// Of devices that did not come for their tokens yet.
    static let denyDevicesOfUser: SQL = "UPDATE device_requests SET state = 'denied' WHERE user_id = $1 AND state = 'approved'"
    static let denyDevicesOfGrant: SQL = """
        UPDATE device_requests SET state = 'denied' WHERE user_id = $1 AND client_id = $2 AND state = 'approved'
        """
    static let denyDevicesOfClient: SQL = "UPDATE device_requests SET state = 'denied' WHERE client_id = $1 AND state = 'approved'"
    static let deleteDeviceRequestByUserCode: SQL = "DELETE FROM device_requests WHERE hash_user_code = $1"

    // MARK: Sign-ins

    private static let browserColumns = """
        id, hash_cookie, user_id, authenticated_at, methods, created_at, idle_expires_at, expires_at, ip, user_agent
        """
    static let browserSession: SQL = """
        SELECT \(browserColumns) FROM browser_sessions WHERE hash_cookie = $1 AND idle_expires_at > $2 AND expires_at > $2
        """
    static let insertBrowserSession: SQL = """
        INSERT INTO browser_sessions (\(browserColumns)) VALUES ($1, $2, $3, $4, $5, $6, min($7, $8), $8, $9, $10)
        """
    static let useBrowserSession: SQL = """
        UPDATE browser_sessions SET idle_expires_at = min($2, expires_at) WHERE id = $1 AND idle_expires_at < $2
        """
    static let deleteBrowserSessionByCookie: SQL = "DELETE FROM browser_sessions WHERE hash_cookie = $1"
    static let deleteBrowserSession: SQL = "DELETE FROM browser_sessions WHERE id = $1"
    static let deleteBrowserSessionsOfUser: SQL = "DELETE FROM browser_sessions WHERE user_id = $1"
    static let trimBrowserSessions: SQL = """
        DELETE FROM browser_sessions WHERE user_id = $1 AND id IN (
            SELECT id FROM browser_sessions WHERE user_id = $1 ORDER BY idle_expires_at DESC, id LIMIT 1000 OFFSET $2)
        """
    static let sessionsOfBrowser: SQL = """
        SELECT s.id, s.user_id, s.access_epoch, s.access_expires_at, \(isLive) FROM sessions s WHERE s.browser_session_id = $1
        ORDER BY s.created_at, s.id
        """
    static let sessionsOfClient: SQL = """
        SELECT s.id, s.user_id, s.access_epoch, s.access_expires_at, \(isLive) FROM sessions s
        WHERE s.user_id = $1 AND s.client_id = $3 AND s.client_id <> 'martlet' ORDER BY s.created_at, s.id
        """

    // MARK: Proofs

    /// One whose time was over may be shown again.
    static let insertUsedProof: SQL = """
        INSERT INTO used_proofs (hash_proof, until) VALUES ($1, $2)
        ON CONFLICT (hash_proof) DO UPDATE SET until = excluded.until WHERE used_proofs.until <= $3
        """

    // MARK: Purging

    static let purgeCodes: SQL = """
        DELETE FROM authorization_codes WHERE hash_code IN (
            SELECT hash_code FROM authorization_codes WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2)
        """
    static let purgePushedRequests: SQL = """
        DELETE FROM pushed_requests WHERE hash_uri IN (
            SELECT hash_uri FROM pushed_requests WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
        """
    static let purgeDeviceRequests: SQL = """
        DELETE FROM device_requests WHERE hash_device_code IN (
            SELECT hash_device_code FROM device_requests WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
        """
    static let purgeBrowserSessions: SQL = """
        DELETE FROM browser_sessions WHERE id IN (
            SELECT id FROM browser_sessions WHERE idle_expires_at <= $1 ORDER BY idle_expires_at LIMIT $2)
        """
    static let purgeUsedProofs: SQL = """
        DELETE FROM used_proofs WHERE hash_proof IN (SELECT hash_proof FROM used_proofs WHERE until <= $1 ORDER BY until LIMIT $2)
        """
}
