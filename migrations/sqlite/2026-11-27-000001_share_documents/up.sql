-- Documents that several people write at once. What is long stands last: a list of documents does not read it.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    title TEXT NOT NULL,
    -- The title's words, each between spaces; like `words` below.
    title_words TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id),
    updated_at BIGINT NOT NULL,
    updated_by BIGINT NOT NULL REFERENCES users (id),
    revision BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    archived_at BIGINT,
    -- The Yjs document as one update, and what is derived from it.
    state BLOB NOT NULL,
    state_vector BLOB NOT NULL,
    text TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX documents_of_room ON documents (room_id);

-- What documents said at some revisions.
CREATE TABLE document_versions (
    document_id BIGINT NOT NULL REFERENCES documents (id),
    number BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    saved_by BIGINT NOT NULL REFERENCES users (id),
    -- When the next save made a version of it.
    kept_at BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
);

ALTER TABLE events ADD COLUMN document_id BIGINT REFERENCES documents (id);
