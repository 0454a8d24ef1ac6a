-- Rooms that every new person joins. The first room of an instance is one, if it is open.
ALTER TABLE rooms ADD COLUMN is_default BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE rooms SET is_default = TRUE WHERE kind = 'open' AND id = (SELECT min(id) FROM rooms);
