ALTER TABLE messages DROP COLUMN changed_seq;
DROP TABLE reactions;
