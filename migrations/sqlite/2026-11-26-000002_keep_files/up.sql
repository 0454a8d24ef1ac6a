-- Files that were uploaded into a room. Their content stands on the disk under the name `hash`, once for all that have the
-- same. `message_id` is missing until the uploader posts a message with it.
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    uploader_id BIGINT NOT NULL REFERENCES users (id),
    message_id BIGINT REFERENCES messages (id) ON DELETE CASCADE,
    -- The file's place among those of its message.
    place BIGINT NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    width BIGINT,
    height BIGINT,
    -- Missing: there is no thumbnail.
    thumbnail_type TEXT,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX files_of_message ON files (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX files_waiting ON files (created_at) WHERE message_id IS NULL;
CREATE INDEX files_by_hash ON files (hash);

-- Contents that may have lost their last row: whoever removes them looks again, so that none is lost by a crash in between.
CREATE TABLE file_removals (
    hash TEXT PRIMARY KEY NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER files_removed AFTER DELETE ON files BEGIN
    INSERT OR IGNORE INTO file_removals (hash) VALUES (old.hash);
END;
