-- Sessions and API tokens that ended a moment ago, as `session.12` or `token.3`: the sockets that they let in are closed.
CREATE TABLE ended_credentials (
    credential TEXT PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL,
    ended_at BIGINT NOT NULL
);
CREATE INDEX ended_credentials_by_time ON ended_credentials (ended_at);
