DROP TRIGGER files_removed ON files;
DROP FUNCTION files_removed;
DROP TABLE file_removals;
DROP TABLE files;
