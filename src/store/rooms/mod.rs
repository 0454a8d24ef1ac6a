//! Rooms and who belongs to them.
//!
//! - `access`: who may see a room, and the lock of a room.
//! - `change`: changing, archiving.
//! - `default_rooms`: joining the rooms that every new person joins.
//! - `deletion`: deleting a room, and removing what was written in it.
//! - `members`: listing, adding and removing members; read marks.
//! - `record`: events about a room itself.
//! - `room`: listing, making and joining rooms.
//! - `rows`: the rows of `rooms` and `memberships`.
//! - `unread`: which messages do not count as unread.

pub(super) mod access;
pub(super) mod change;
pub(super) mod default_rooms;
pub(super) mod deletion;
pub(super) mod members;
pub(super) mod record;
pub(super) mod room;
pub(super) mod rows;
pub(super) mod unread;
