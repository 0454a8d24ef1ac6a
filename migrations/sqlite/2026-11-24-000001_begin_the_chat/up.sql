-- "Hubb": tells this file from other programs' databases.
PRAGMA application_id = 1215652450;

-- AUTOINCREMENT throughout: an id is never given twice, even after the row that had it is gone. The id of an ended
-- session stands in access tokens that are still valid.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    username TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The name in lower case: for search and order, which must not depend on the database.
    folded_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_of_user ON sessions (user_id);

-- The refresh tokens of a session, those that were replaced too: one of them coming back is a stolen one.
CREATE TABLE session_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    replaced_at BIGINT
) WITHOUT ROWID;
CREATE INDEX session_tokens_of_session ON session_tokens (session_id);

CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);

CREATE TABLE invites (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE TABLE rooms (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    topic TEXT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    -- The head of the room's log.
    last_seq BIGINT NOT NULL,
    -- Messages ever posted, so that unread ones are a subtraction.
    message_count BIGINT NOT NULL
);

CREATE TABLE memberships (
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    read_number BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    author_id BIGINT NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    html TEXT NOT NULL,
    client_id TEXT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT
);
CREATE INDEX messages_of_room ON messages (room_id, id);
CREATE UNIQUE INDEX messages_by_client_id ON messages (author_id, client_id) WHERE client_id IS NOT NULL;

-- The log. It refers to messages and members; `data` is JSON for what nothing else keeps.
CREATE TABLE events (
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (id),
    message_id BIGINT REFERENCES messages (id),
    member_id BIGINT REFERENCES users (id),
    data TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (room_id, seq)
) WITHOUT ROWID;
