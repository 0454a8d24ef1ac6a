-- Each process that runs on the database writes its row when it is asked whether it is ready: only a write shows whether writes
-- go through. A row of its own, so that processes do not wait for each other.
CREATE TABLE health_checks (
    process TEXT PRIMARY KEY NOT NULL,
    checked_at BIGINT NOT NULL
);
