-- Who did what that matters for security. No foreign keys: the trail outlives what it tells of.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    created_at BIGINT NOT NULL,
    action TEXT NOT NULL,
    -- Who did it; null: nobody who was signed in.
    user_id BIGINT,
    -- The user name as it was then, or as it was tried.
    username TEXT,
    address TEXT,
    -- What it was done to: `user:3`, `room:7`, `token:5`.
    subject TEXT,
    detail TEXT
);
CREATE INDEX audit_by_time ON audit (created_at);
