-- Reactions: an emoji that somebody put under a message. `seq` is that of the event that added it, so it tells the order.
CREATE TABLE reactions (
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    seq BIGINT NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);

-- The seq of the last event that changed anything of a message; missing: nothing but its posting.
ALTER TABLE messages ADD COLUMN changed_seq BIGINT;
UPDATE messages SET changed_seq = (SELECT max(events.seq) FROM events WHERE events.message_id = messages.id)
WHERE edited_at IS NOT NULL OR deleted_at IS NOT NULL;
