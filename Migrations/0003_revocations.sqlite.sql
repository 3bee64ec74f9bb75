-- The log of what was taken back. AUTOINCREMENT: a number is never used again, whatever was purged.

CREATE TABLE revocation_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    issued_before INTEGER,
    reason TEXT,
    cause TEXT,
    revokes INTEGER NOT NULL,    -- whether somebody's tokens are dead by it
    is_listed INTEGER NOT NULL,  -- whether it is a revocation of its own, not the consequence of another
    keep_until INTEGER NOT NULL  -- for the purge; later than until where refreshes are refused by it, too
);
CREATE INDEX revocation_events_to_purge ON revocation_events (keep_until);
CREATE INDEX revocation_events_of_token ON revocation_events (target) WHERE kind = 'token';
CREATE INDEX revocation_events_of_client ON revocation_events (target, at) WHERE kind = 'client';
