-- Refresh tokens of the service before this one that are not to be exchanged any more, as long as they would be good.

CREATE TABLE old_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    session_id TEXT,         -- the session that it was exchanged for; null when it was blacklisted, there or here
    until INTEGER NOT NULL   -- from then on no token has this name
) WITHOUT ROWID;
CREATE INDEX old_tokens_to_purge ON old_tokens (until);
