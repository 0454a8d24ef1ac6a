-- The message that this one answers. No foreign key: that message may be removed before this one.
ALTER TABLE messages ADD COLUMN reply_to_id BIGINT;
