-- Since when a person may not sign in; null: they may.
ALTER TABLE users ADD COLUMN deactivated_at BIGINT;
