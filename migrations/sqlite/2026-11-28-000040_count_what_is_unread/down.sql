ALTER TABLE memberships DROP COLUMN uncounted;
