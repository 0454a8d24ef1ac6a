ALTER TABLE rooms DROP COLUMN next_retention_days;
ALTER TABLE rooms DROP COLUMN retention_changes_at;
