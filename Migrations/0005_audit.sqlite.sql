-- The audit trail.

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    ip TEXT,
    user_agent TEXT,
    request_id TEXT,
    result TEXT NOT NULL,
    detail TEXT,
    count INTEGER NOT NULL,
    merge_key TEXT  -- what makes two failed logins one line: account, address and minute
);
CREATE INDEX audit_newest ON audit (at, sequence);
CREATE INDEX audit_by_actor ON audit (actor, at, sequence);
CREATE INDEX audit_by_action ON audit (action, at, sequence);
CREATE UNIQUE INDEX audit_merged ON audit (merge_key) WHERE merge_key IS NOT NULL;
