-- What one process of several does, for as long as it says so.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The rooms whose last event is of a moment ago: their sockets are reminded of it. Events are only ever appended, so a
-- summary of each range of pages is enough, and costs a post next to nothing.
CREATE INDEX events_by_time ON events USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
