-- Signing out: which clients a sign-in let in, and what they are still to be told.

-- Kept beyond the sign-in itself, as long as a session that came from it may live.
CREATE TABLE sign_in_clients (
    sign_in TEXT NOT NULL,            -- the sid that the client was told
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    browser_session_id TEXT NOT NULL, -- with what it ends: another one than sign_in once the password was proved again
    until INTEGER NOT NULL,
    PRIMARY KEY (sign_in, client_id)
) WITHOUT ROWID;
CREATE INDEX sign_in_clients_of_browser ON sign_in_clients (browser_session_id);
CREATE INDEX sign_in_clients_of_user ON sign_in_clients (user_id, client_id);
CREATE INDEX sign_in_clients_to_purge ON sign_in_clients (until);

-- The outbox of back-channel logout: written by the transaction that ends the sign-in, gone when it was delivered or given up.
CREATE TABLE logout_notices (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sign_in TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL           -- of one that is under way: when it counts as abandoned
) WITHOUT ROWID;
CREATE INDEX logout_notices_due ON logout_notices (due_at);
