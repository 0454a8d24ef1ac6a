-- Since when a room is read-only, and since when it is gone for people. A deleted room keeps its row, so that its id is never
-- given again, with the last entry of its log; the rest is removed by a job.
ALTER TABLE rooms ADD COLUMN archived_at BIGINT;
ALTER TABLE rooms ADD COLUMN deleted_at BIGINT;
