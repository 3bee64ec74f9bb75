-- The key ring. Its private halves are sealed under the master key.

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    published_at INTEGER NOT NULL,
    activated_at INTEGER,
    retiring_at INTEGER,
    retired_at INTEGER,
    last_token_expires_at INTEGER
);
