-- The server that a job calls, or nothing when it calls none: those that call the same one share a part of the workers. Jobs
-- of before call as they did, without a bound.
ALTER TABLE jobs ADD COLUMN host TEXT NOT NULL DEFAULT '';
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (host, run_at) WHERE dead_at IS NULL;
