-- Facts about the database, accounts, and the addresses that logins came from.
-- Times are milliseconds since 1970; truth values are 0 and 1; keys that make names equal are computed by the service.

CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    email TEXT,
    email_key TEXT,
    email_verified INTEGER NOT NULL,
    display_name TEXT NOT NULL,
    password_hash TEXT,
    roles TEXT NOT NULL,            -- a sorted JSON array of text
    is_administrator INTEGER NOT NULL,  -- whether roles has "admin"
    is_active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    attributes TEXT NOT NULL DEFAULT '{}',
    external_id TEXT UNIQUE
);
CREATE UNIQUE INDEX users_verified_email ON users (email_key) WHERE email_verified = 1;
CREATE INDEX users_newest ON users (created_at, id);
CREATE INDEX users_administrators ON users (id) WHERE is_administrator = 1 AND is_active = 1;

CREATE TABLE login_addresses (
    user_id TEXT NOT NULL REFERENCES users (id),
    address TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, address)
) WITHOUT ROWID;
CREATE INDEX login_addresses_oldest ON login_addresses (last_at);
