// Statements: every text of SQL that the store runs, in one place. Values are placeholders `$1`, `$2` …, always;
// nothing of a caller's is ever part of a text.
//
// The texts keep to what SQLite and PostgreSQL both understand (upserts, RETURNING, partial indexes); where they
// cannot, the texts for the engines stand side by side.

/// The texts, by what they are about.
enum Statements {
    // MARK: Transactions

    static let begin: SQL = "BEGIN"
    /// Takes the write lock at once, so that a transaction never finds in its middle that another process wrote first.
    static let beginImmediate: SQL = "BEGIN IMMEDIATE"
    static let commit: SQL = "COMMIT"
    /// Never waits for a reader or the writer. (Nothing of the kind in PostgreSQL.)
    static let checkpoint: SQL = "PRAGMA wal_checkpoint(PASSIVE)"
    static let savepoint: SQL = "SAVEPOINT verb"
    static let release: SQL = "RELEASE verb"
    static let rollbackToSavepoint: SQL = "ROLLBACK TO verb"

    // MARK: Facts

    static let fact: SQL = "SELECT value FROM facts WHERE name = $1"
    static let setFact: SQL = """
        INSERT INTO facts (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """

    // MARK: Accounts

    private static let userColumns = """
        u.id, u.username, u.email, u.email_verified, u.display_name, u.password_hash, u.roles, u.is_active, u.version,
        u.created_at, u.updated_at, u.last_login_at, u.attributes, u.external_id
        """
    static let user: SQL = "SELECT \(userColumns) FROM users u WHERE u.id = $1"
    /// By the exact key `$2`, else by the folded one.
    static let userByUsername: SQL = """
        SELECT \(userColumns) FROM users u WHERE u.username_key IN ($1, $2) ORDER BY u.username_key = $2 DESC LIMIT 1
        """
    static let userByVerifiedEmail: SQL = "SELECT \(userColumns) FROM users u WHERE u.email_key = $1 AND u.email_verified = 1"
    static let userByExternalID: SQL = "SELECT \(userColumns) FROM users u WHERE u.external_id = $1"
    static let users: SQL = """
        SELECT \(userColumns) FROM users u WHERE (u.created_at, u.id) < ($1, $2)
        ORDER BY u.created_at DESC, u.id DESC LIMIT $3
        """
    /// `instr` and not LIKE: nothing to escape, and no pattern can be made slow. (`strpos` in PostgreSQL.)
    static let usersMatching: SQL = """
        SELECT \(userColumns) FROM users u WHERE (u.created_at, u.id) < ($1, $2)
        AND (instr(coalesce(u.folded_key, u.username_key), $4) > 0 OR instr(u.email_key, $4) > 0)
        ORDER BY u.created_at DESC, u.id DESC LIMIT $3
        """
    static let countUsers: SQL = "SELECT count(*) FROM users"
    static let countHashSchemes: SQL = "SELECT hash_scheme, count(*) FROM users GROUP BY hash_scheme ORDER BY hash_scheme"
    /// Whether there is a scheme whose name begins with `$1` and sorts before `$2`.
    static let hasHashScheme: SQL = "SELECT EXISTS (SELECT 1 FROM users WHERE hash_scheme >= $1 AND hash_scheme < $2)"
    static let insertUser: SQL = """
        INSERT INTO users (id, username, username_key, email, email_key, email_verified, display_name, password_hash, hash_scheme,
            roles, is_administrator, is_active, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $11, 1, $12, $12)
        """
    static let isUsernameTaken: SQL = """
        SELECT EXISTS (SELECT 1 FROM users WHERE username_key = $1 AND id <> $2)
            OR EXISTS (SELECT 1 FROM users WHERE folded_key = $1 AND id <> $2)
        """
    /// Whether the account that stands in the way of an import is the same one.
    static let isImported: SQL = """
        SELECT external_id = $2 FROM users WHERE external_id = $2 OR id = $1 ORDER BY external_id = $2 DESC LIMIT 1
        """
    /// Of the accounts with the folded username `$1`: the one that is found by it, the one with the exact key `$2`, and another
    /// one; with whether each was imported, and is found by its exact username only.
    static let namesakes: SQL = """
        SELECT id, username, external_id IS NOT NULL, folded_key IS NOT NULL FROM users WHERE username_key = $1
        UNION ALL SELECT id, username, 1, 1 FROM users WHERE username_key = $2
        UNION ALL SELECT * FROM (SELECT id, username, 1, 1 FROM users WHERE folded_key = $1 LIMIT 1)
        """
    static let findExactly: SQL = "UPDATE users SET username_key = $2, folded_key = $3 WHERE id = $1"
    static let importUser: SQL = """
        INSERT INTO users (id, username, username_key, folded_key, email, email_key, email_verified, display_name, password_hash,
            roles, is_administrator, is_active, version, created_at, updated_at, last_login_at, attributes, external_id,
            hash_scheme)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, $17, $18)
        """
    static let updateUser: SQL = """
        UPDATE users SET email = $2, email_key = $3, email_verified = $4, display_name = $5, password_hash = $6, roles = $7,
            is_administrator = $8, is_active = $9, version = $10, updated_at = $11, hash_scheme = $12
        WHERE id = $1
        """
    static let renameUser: SQL = "UPDATE users SET username = $2, username_key = $3, folded_key = NULL WHERE id = $1"
    static let setAttributes: SQL = "UPDATE users SET attributes = $2 WHERE id = $1"
    static let deleteUser: SQL = "DELETE FROM users WHERE id = $1"
    static let rehash: SQL = "UPDATE users SET password_hash = $3, hash_scheme = $4 WHERE id = $1 AND password_hash = $2"
    static let setLastLogin: SQL = "UPDATE users SET last_login_at = $2 WHERE id = $1"
    static let anotherAdministrator: SQL = """
        SELECT 1 FROM users WHERE is_administrator = 1 AND is_active = 1 AND id <> $1 LIMIT 1
        """

    static let hasLoggedIn: SQL = "SELECT 1 FROM login_addresses WHERE user_id = $1 AND address = $2 AND last_at >= $3"
    static let putLoginAddress: SQL = """
        INSERT INTO login_addresses (user_id, address, last_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at
        """
    static let trimLoginAddresses: SQL = """
        DELETE FROM login_addresses WHERE user_id = $1 AND address IN (
            SELECT address FROM login_addresses WHERE user_id = $1 ORDER BY last_at DESC, address LIMIT 1000 OFFSET $2)
        """
    static let deleteLoginAddresses: SQL = "DELETE FROM login_addresses WHERE user_id = $1"

    // MARK: Sessions

    static let sessionColumns = """
        s.id, s.user_id, s.client_id, s.scope, s.counter, s.nonce, s.access_epoch, s.created_at, s.rotated_at, s.retries,
        s.refresh_key_id, s.refresh_expires_at, s.expires_at, s.access_expires_at, s.last_used_at, s.ip, s.user_agent, s.details,
        s.browser_session_id
        """
    /// Whether the session of row `s` still lives at `$2`: its time is not over, and its client was not taken back since.
    static let isLive = """
        (s.refresh_expires_at > $2 AND s.expires_at > $2 AND NOT EXISTS (
            SELECT 1 FROM revocation_events e WHERE e.kind = 'client' AND e.target = s.client_id AND e.at >= s.created_at))
        """
    static let session: SQL = "SELECT \(sessionColumns) FROM sessions s WHERE s.id = $1 AND \(isLive)"
    static let sessions: SQL = """
        SELECT \(sessionColumns) FROM sessions s WHERE s.user_id = $1 AND \(isLive) AND (s.created_at, s.id) < ($3, $4)
        ORDER BY s.created_at DESC, s.id DESC LIMIT $5
        """
    /// A session that lives or whose access tokens may, and whether it is the former.
    static let sessionToEnd: SQL = """
        SELECT s.id, s.user_id, s.access_epoch, s.access_expires_at, \(isLive) FROM sessions s WHERE s.id = $1
        """
    static let sessionsToEnd: SQL = """
        SELECT s.id, s.user_id, s.access_epoch, s.access_expires_at, \(isLive) FROM sessions s WHERE s.user_id = $1
        ORDER BY s.created_at, s.id
        """
    static let sessionsAboveMaximum: SQL = """
        SELECT s.id, s.user_id, s.access_epoch, s.access_expires_at, 1 FROM sessions s WHERE s.user_id = $1 AND \(isLive)
        ORDER BY s.created_at DESC, s.id DESC LIMIT 1000 OFFSET $3
        """
    static let insertSession: SQL = """
        INSERT INTO sessions (id, user_id, client_id, scope, counter, nonce, access_epoch, created_at, rotated_at, retries,
            refresh_key_id, refresh_expires_at, expires_at, access_expires_at, last_used_at, ip, user_agent, purge_at, details,
            browser_session_id)
        VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $6, 0, $7, $8, $9, $10, $6, $11, $12, $13, $14, $15)
        """
    /// The counter is compared once more where it is set.
    static let rotateSession: SQL = """
        UPDATE sessions SET counter = counter + 1, rotated_at = $3, retries = 0, refresh_key_id = $4, refresh_expires_at = $5,
            access_expires_at = $6, last_used_at = $7, ip = $8, user_agent = $9
        WHERE id = $1 AND counter = $2
        """
    static let retrySession: SQL = """
        UPDATE sessions SET retries = retries + 1, access_expires_at = $3, last_used_at = $4 WHERE id = $1 AND counter = $2
        """
    /// No grace is left for a token before the one that is extended: the time of its rotation is not known any more.
    static let extendSession: SQL = """
        UPDATE sessions SET rotated_at = $3, retries = $4, refresh_key_id = $5, refresh_expires_at = $6 WHERE id = $1 AND counter = $2
        """
    static let useSession: SQL = "UPDATE sessions SET access_expires_at = $3, last_used_at = $4 WHERE id = $1 AND counter = $2"
    static let raiseAccessEpoch: SQL = "UPDATE sessions SET access_epoch = access_epoch + 1 WHERE id = $1"
    static let deleteSession: SQL = "DELETE FROM sessions WHERE id = $1"
    static let countSessions: SQL = "SELECT count(*) FROM sessions WHERE purge_at > $1"

    static let raiseClientMark: SQL = """
        INSERT INTO client_marks (client_id, sessions_expire_at) VALUES ($1, $2)
        ON CONFLICT (client_id) DO UPDATE SET sessions_expire_at = excluded.sessions_expire_at
        WHERE excluded.sessions_expire_at > client_marks.sessions_expire_at
        """
    static let clientMark: SQL = "SELECT sessions_expire_at FROM client_marks WHERE client_id = $1"

    // MARK: Revocations

    private static let eventColumns = "sequence, id, kind, target, at, until, issued_before, reason, cause"
    static let insertEvent: SQL = """
        INSERT INTO revocation_events (id, kind, target, at, until, issued_before, reason, cause, revokes, is_listed, keep_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING sequence
        """
    static let eventsAfter: SQL = "SELECT \(eventColumns) FROM revocation_events WHERE sequence > $1 ORDER BY sequence LIMIT $2"
    static let liveEvents: SQL = """
        SELECT \(eventColumns) FROM revocation_events WHERE until > $1 AND revokes = 1 ORDER BY sequence
        """
    static let listedEvents: SQL = """
        SELECT \(eventColumns) FROM revocation_events WHERE until > $1 AND is_listed = 1 AND sequence < $2
        ORDER BY sequence DESC LIMIT $3
        """
    /// The counter behind AUTOINCREMENT, which outlives the rows. (In PostgreSQL: the sequence's `last_value`.)
    static let lastSequence: SQL = "SELECT seq FROM sqlite_sequence WHERE name = 'revocation_events'"
    static let tokenEvent: SQL = """
        SELECT \(eventColumns) FROM revocation_events WHERE kind = 'token' AND target = $1 AND until > $2
        ORDER BY until DESC LIMIT 1
        """

    // MARK: Tokens of the service before

    static let oldToken: SQL = "SELECT session_id FROM old_tokens WHERE jti = $1"
    static let noteOldToken: SQL = """
        INSERT INTO old_tokens (jti, session_id, until) VALUES ($1, $2, $3)
        ON CONFLICT (jti) DO UPDATE SET session_id = excluded.session_id, until = excluded.until
        """
    static let isOldTokenTakenBack: SQL = """
        SELECT 1 FROM revocation_events WHERE kind = 'client' AND target = $1 AND issued_before > $2 LIMIT 1
        """
    static let oldTokensTakenBack: SQL = """
        SELECT target, max(issued_before) FROM revocation_events
        WHERE kind = 'client' AND substr(target, 1, length($1)) = $1 AND until > $2 GROUP BY target ORDER BY target
        """

    // MARK: Keys

    private static let keyColumns = """
        id, purpose, algorithm, public_key, private_key, published_at, activated_at, retiring_at, retired_at, last_token_expires_at
        """
    static let keys: SQL = "SELECT \(keyColumns) FROM signing_keys WHERE retired_at IS NULL ORDER BY published_at, id"
    static let allKeys: SQL = "SELECT \(keyColumns) FROM signing_keys ORDER BY published_at, id"
    static let insertKey: SQL = """
        INSERT INTO signing_keys (\(keyColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """
    static let moveKey: SQL = "UPDATE signing_keys SET activated_at = $2, retiring_at = $3, retired_at = $4 WHERE id = $1"
    static let resealKey: SQL = "UPDATE signing_keys SET private_key = $2 WHERE id = $1"
    static let raiseKeyMark: SQL = """
        UPDATE signing_keys SET last_token_expires_at = $2
        WHERE id = $1 AND (last_token_expires_at IS NULL OR last_token_expires_at < $2)
        """
    static let isStaleRefreshKey: SQL = """
        SELECT NOT EXISTS (SELECT 1 FROM signing_keys WHERE id = $1 AND purpose = 'refresh' AND retired_at IS NULL)
            AND EXISTS (SELECT 1 FROM signing_keys WHERE purpose = 'refresh')
        """
    static let isStaleAccessKey: SQL = """
        SELECT NOT EXISTS (SELECT 1 FROM signing_keys WHERE id = $1 AND purpose = 'access' AND retired_at IS NULL)
            AND EXISTS (SELECT 1 FROM signing_keys WHERE purpose = 'access')
        """
    static let highestAccessMark: SQL = "SELECT max(last_token_expires_at) FROM signing_keys WHERE purpose = 'access'"

    // MARK: Audit

    private static let auditColumns = "sequence, id, at, actor, action, target, ip, user_agent, request_id, result, detail, count"
    private static let auditPage = "at >= $1 AND (at, sequence) < ($2, $3)"
    private static let auditOrder = "ORDER BY at DESC, sequence DESC LIMIT $4"
    static let audit: SQL = "SELECT \(auditColumns) FROM audit WHERE \(auditPage) \(auditOrder)"
    static let auditByActor: SQL = "SELECT \(auditColumns) FROM audit WHERE \(auditPage) AND actor = $5 \(auditOrder)"
    static let auditByAction: SQL = "SELECT \(auditColumns) FROM audit WHERE \(auditPage) AND action = $5 \(auditOrder)"
    static let auditByActorAndAction: SQL = """
        SELECT \(auditColumns) FROM audit WHERE \(auditPage) AND actor = $5 AND action = $6 \(auditOrder)
        """
    static let insertAudit: SQL = """
        INSERT INTO audit (id, at, actor, action, target, ip, user_agent, request_id, result, detail, count, merge_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)
        ON CONFLICT (merge_key) WHERE merge_key IS NOT NULL DO UPDATE SET count = audit.count + 1
        """

    // MARK: Purging, a few rows at a time

    /// Whether any row of any table is over. `$2` for the audit trail, `$3` for addresses.
    static let isAnythingToPurge: SQL = """
        SELECT EXISTS (SELECT 1 FROM sessions WHERE purge_at <= $1) OR EXISTS (SELECT 1 FROM revocation_events WHERE keep_until <= $1)
            OR EXISTS (SELECT 1 FROM audit WHERE at < $2) OR EXISTS (SELECT 1 FROM login_addresses WHERE last_at < $3)
            OR EXISTS (SELECT 1 FROM authorization_codes WHERE purge_at <= $1)
            OR EXISTS (SELECT 1 FROM pushed_requests WHERE expires_at <= $1)
            OR EXISTS (SELECT 1 FROM device_requests WHERE expires_at <= $1)
            OR EXISTS (SELECT 1 FROM browser_sessions WHERE idle_expires_at <= $1)
            OR EXISTS (SELECT 1 FROM used_proofs WHERE until <= $1)
            OR EXISTS (SELECT 1 FROM sign_in_clients WHERE until <= $1)
            OR EXISTS (SELECT 1 FROM old_tokens WHERE until <= $1)
        """
    static let sessionsToPurge: SQL = """
        SELECT id, refresh_expires_at, expires_at, access_expires_at FROM sessions WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2
        """
    static let postponePurge: SQL = "UPDATE sessions SET purge_at = $2 WHERE id = $1"
    static let purgeEvents: SQL = """
        DELETE FROM revocation_events WHERE sequence IN (
            SELECT sequence FROM revocation_events WHERE keep_until <= $1 ORDER BY keep_until LIMIT $2)
        """
    static let purgeAudit: SQL = """
        DELETE FROM audit WHERE sequence IN (SELECT sequence FROM audit WHERE at < $1 ORDER BY at LIMIT $2)
        """
    static let purgeLoginAddresses: SQL = """
        DELETE FROM login_addresses WHERE (user_id, address) IN (
            SELECT user_id, address FROM login_addresses WHERE last_at < $1 ORDER BY last_at LIMIT $2)
        """
    static let purgeOldTokens: SQL = """
        DELETE FROM old_tokens WHERE jti IN (SELECT jti FROM old_tokens WHERE until <= $1 ORDER BY until LIMIT $2)
        """
}
