-- The authorization server: clients, what they are being given, and people's sign-ins in their browsers.
-- Secrets that travel are stored as hashes alone; ids that begin with hash_ are SHA-256 of what the peer holds.

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    origin TEXT NOT NULL,            -- who made it: operator, registration or anonymous
    secret BLOB,                     -- a keyed hash
    hash_registration_token BLOB,
    metadata TEXT NOT NULL,          -- a JSON object with the members of RFC 7591
    policy TEXT NOT NULL,            -- a JSON object of the operator's
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    unused_until INTEGER             -- removed then, unless it was used; NULL for never
) WITHOUT ROWID;
CREATE INDEX clients_newest ON clients (created_at, id);
CREATE INDEX clients_maybe_unused ON clients (unused_until) WHERE unused_until IS NOT NULL;

-- Kept for a while after the redemption, so that a repeat is noticed.
CREATE TABLE authorization_codes (
    hash_code BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge BLOB NOT NULL,
    proof_key TEXT,                  -- the thumbprint of a DPoP key
    scope TEXT NOT NULL,
    details TEXT NOT NULL,           -- a JSON object for the tokens
    browser_session_id TEXT,
    expires_at INTEGER NOT NULL,
    session_id TEXT,                 -- what it was redeemed for
    purge_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX authorization_codes_to_purge ON authorization_codes (purge_at);
CREATE INDEX authorization_codes_of_user ON authorization_codes (user_id);

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,         -- a JSON array of text
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) WITHOUT ROWID;
CREATE INDEX consents_of_client ON consents (client_id);

CREATE TABLE browser_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    hash_cookie BLOB NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    authenticated_at INTEGER NOT NULL,
    methods TEXT NOT NULL,           -- a JSON array of RFC 8176 values
    created_at INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX browser_sessions_of_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_to_purge ON browser_sessions (idle_expires_at);

-- RFC 9126.
CREATE TABLE pushed_requests (
    hash_uri BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,        -- a JSON object
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX pushed_requests_to_purge ON pushed_requests (expires_at);

-- RFC 8628.
CREATE TABLE device_requests (
    hash_device_code BLOB NOT NULL PRIMARY KEY,
    hash_user_code BLOB NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    proof_key TEXT,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,         -- a JSON array of text
    state TEXT NOT NULL,             -- pending, approved, denied or redeemed
    user_id TEXT,
    details TEXT,                    -- of an approved one: a JSON object for the tokens
    browser_session_id TEXT,
    interval_seconds INTEGER NOT NULL,
    polled_at INTEGER,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX device_requests_to_purge ON device_requests (expires_at);

-- What may be shown once: assertions of clients, proofs of possession.
CREATE TABLE used_proofs (
    hash_proof BLOB NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_proofs_to_purge ON used_proofs (until);

-- What the tokens of a session say besides; NULL for the first-party login.
ALTER TABLE sessions ADD COLUMN details TEXT;
ALTER TABLE sessions ADD COLUMN browser_session_id TEXT;
CREATE INDEX sessions_of_browser ON sessions (browser_session_id) WHERE browser_session_id IS NOT NULL;
CREATE INDEX sessions_of_client ON sessions (client_id, user_id) WHERE client_id <> 'martlet';
