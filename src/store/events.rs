//! Reading a room's log: how clients fetch what they missed.

use crate::domain::{RoomEvent, RoomId, Seq, UserId};

use super::{Store, StoreError};

/// What happened in a room after some point.
#[derive(Debug, Clone, PartialEq)]
pub struct CatchUp {
    /// The events, in order and without a gap.
    pub events: Vec<RoomEvent>,
    /// The log's head.
    pub head: Seq,
    /// Whether there are more between the last of these and the head.
    pub more: bool,
    /// Whether the point is too far behind (or unknown to this log): read the history anew.
    pub resync: bool,
}

impl Store {
    /// A room's events after `after`, at most `limit`; none but the order to resync when that is more than `max_behind`
    /// behind the head.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`].
    pub async fn events_after(
        &self,
        viewer: UserId,
        room: RoomId,
        after: Seq,
        limit: i64,
        max_behind: i64,
    ) -> Result<CatchUp, StoreError> {
        let _ = (viewer, room, after, limit, max_behind);
        unimplemented!()
    }

    /// The heads of the logs of a person's rooms.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn heads_of(&self, user: UserId) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        let _ = user;
        unimplemented!()
    }
}
