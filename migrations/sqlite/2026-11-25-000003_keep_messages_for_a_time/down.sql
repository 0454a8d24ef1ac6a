DROP INDEX events_of_message;
ALTER TABLE rooms DROP COLUMN log_floor;
ALTER TABLE rooms DROP COLUMN retention_days;
