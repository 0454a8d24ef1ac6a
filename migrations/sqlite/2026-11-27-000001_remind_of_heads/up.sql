-- What one process of several does, for as long as it says so.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- The rooms whose last event is of a moment ago: their sockets are reminded of it.
CREATE INDEX events_by_time ON events (created_at);
