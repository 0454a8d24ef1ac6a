//! Which rows an export takes.

use crate::domain::{RoomId, UserId};

/// Which documents, messages and files.
#[derive(Clone, Copy)]
pub(in crate::store) enum Selection {
    /// All of them.
    All,
    /// Those of a room.
    Room(RoomId),
    /// Those that a person made or uploaded.
    UserRef(UserId),
}
