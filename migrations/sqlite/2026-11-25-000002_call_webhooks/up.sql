CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- It hears what this person may read, and nothing more.
    created_by BIGINT NOT NULL REFERENCES users (id),
    -- NULL: all rooms of that person.
    room_id BIGINT REFERENCES rooms (id),
    url TEXT NOT NULL,
    -- As it is, for it signs every call.
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What a webhook wants to hear of. Every event of every room is looked up here, so the type comes first.
CREATE TABLE webhook_event_types (
    event_type TEXT NOT NULL,
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    PRIMARY KEY (event_type, webhook_id)
) WITHOUT ROWID;
CREATE INDEX webhook_event_types_of_webhook ON webhook_event_types (webhook_id);

-- The log of calls. It refers to the event and does not copy it: what is removed from the room's log is not sent either.
CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    room_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Of the last attempt.
    answer_status BIGINT,
    answer_body TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT,
    delivered_at BIGINT,
    UNIQUE (webhook_id, room_id, seq)
);
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);
