-- One row for each login that goes on.

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    counter INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    access_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    refresh_key_id TEXT NOT NULL,
    refresh_expires_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    access_expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    -- When to look whether the row is done with. A refresh does not touch it, so that it writes no index: the purge
    -- moves it on when it finds the session alive.
    purge_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_to_purge ON sessions (purge_at);

-- How long any session of a client may live, so that a revocation of the client is kept as long.
CREATE TABLE client_marks (
    client_id TEXT NOT NULL PRIMARY KEY,
    sessions_expire_at INTEGER NOT NULL
) WITHOUT ROWID;
