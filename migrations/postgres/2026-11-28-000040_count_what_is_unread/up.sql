-- How many of the messages after the read mark do not count as unread: one's own, and those that are deleted or were removed.
ALTER TABLE memberships ADD COLUMN uncounted BIGINT NOT NULL DEFAULT 0;
UPDATE memberships SET uncounted =
    (SELECT message_count FROM rooms WHERE rooms.id = memberships.room_id) - read_number
    - (SELECT count(*) FROM messages WHERE messages.room_id = memberships.room_id
       AND messages.number > memberships.read_number AND messages.author_id <> memberships.user_id
       AND messages.deleted_at IS NULL)
WHERE read_number < (SELECT message_count FROM rooms WHERE rooms.id = memberships.room_id);
