ALTER TABLE rooms DROP COLUMN is_unmanaged;
