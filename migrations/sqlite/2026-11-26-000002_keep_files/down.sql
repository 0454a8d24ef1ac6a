DROP TRIGGER files_removed;
DROP TABLE file_removals;
DROP TABLE files;
