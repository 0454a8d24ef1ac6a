ALTER TABLE documents DROP COLUMN deleted_at;
