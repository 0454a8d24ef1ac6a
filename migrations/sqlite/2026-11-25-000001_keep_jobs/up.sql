-- Work that outlives the request that caused it, written in the cause's own transaction.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    -- Two causes of the same work make one job.
    unique_key TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    -- From when on it may be taken. Taking it moves this to the lease's end: when its worker dies, it comes back then.
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    leased_by TEXT,
    last_error TEXT,
    -- Given up; kept for people to look at.
    dead_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE dead_at IS NULL;
