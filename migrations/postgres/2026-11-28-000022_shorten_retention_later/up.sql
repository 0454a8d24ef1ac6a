-- A shorter time for which a room's messages are kept, and from when on it counts: members see it before.
ALTER TABLE rooms ADD COLUMN next_retention_days BIGINT;
ALTER TABLE rooms ADD COLUMN retention_changes_at BIGINT;
