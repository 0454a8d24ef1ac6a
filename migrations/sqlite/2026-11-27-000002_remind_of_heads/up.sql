-- What one process of several does, for as long as it says so.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Who was removed a moment ago: their sockets are taken out once more. (The rooms whose last event is of a moment ago are
-- found by way of the rooms, of which there are few where everything is on one disk.)
CREATE INDEX removals_by_time ON events (created_at) WHERE kind = 'member.removed';
