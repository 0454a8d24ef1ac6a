-- A deleted document keeps its row, for the log speaks of it, and nothing of what was written.
ALTER TABLE documents ADD COLUMN deleted_at BIGINT;
