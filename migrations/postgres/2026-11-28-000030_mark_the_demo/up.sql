-- One row in a database that `--demo` has filled: everybody knows its administrator's password.
CREATE TABLE demo_marks (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    created_at BIGINT NOT NULL
);

-- A demo that was made before there were marks is known by the token of its curl line.
INSERT INTO demo_marks (id, created_at)
SELECT 1, min(users.created_at) FROM users JOIN api_tokens ON api_tokens.user_id = users.id
WHERE users.username = 'ada' AND api_tokens.name = 'The demo''s curl line'
HAVING count(*) > 0;
