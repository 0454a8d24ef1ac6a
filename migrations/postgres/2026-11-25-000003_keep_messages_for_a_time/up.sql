-- How long messages are kept; NULL: as the setting says.
ALTER TABLE rooms ADD COLUMN retention_days BIGINT;
-- Up to here the log has been removed.
ALTER TABLE rooms ADD COLUMN log_floor BIGINT NOT NULL DEFAULT 0;
-- Removing a message asks which events refer to it.
CREATE INDEX events_of_message ON events (message_id) WHERE message_id IS NOT NULL;
