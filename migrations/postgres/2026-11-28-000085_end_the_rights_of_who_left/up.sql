-- A room whose manager has left it while nobody else was in it is managed by administrators only, also when that person
-- joins it again. Rooms whose manager has left them already are such rooms.
ALTER TABLE rooms ADD COLUMN is_unmanaged BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE rooms SET is_unmanaged = TRUE WHERE NOT EXISTS (
    SELECT 1 FROM memberships WHERE memberships.room_id = rooms.id AND memberships.user_id = rooms.created_by
);
