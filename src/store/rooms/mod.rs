//! Rooms and who belongs to them.
//!
//! - `access`: who may see a room, and the lock of a room.
//! - `members`: listing, adding and removing members; read marks.
//! - `record`: events about a room itself.
//! - `room`: listing, making, changing and joining rooms.
//! - `rows`: the rows of `rooms` and `memberships`.
//! - `unread`: which messages do not count as unread.

pub(super) mod access;
pub(super) mod members;
pub(super) mod record;
pub(super) mod room;
pub(super) mod rows;
pub(super) mod unread;
