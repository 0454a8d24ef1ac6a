//! Who belongs to a room, and how far each has read.

use crate::domain::{Author, RoomEvent, RoomId, Timestamp, UserId};

use super::{Store, StoreError};

/// Somebody who belongs to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub author: Author,
    /// Since when.
    pub joined_at: Timestamp,
}

impl Store {
    /// Who belongs to a room, in the order of their names.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`].
    pub async fn members(&self, viewer: UserId, room: RoomId) -> Result<Vec<Member>, StoreError> {
        let _ = (viewer, room);
        unimplemented!()
    }

    /// Invites somebody into a room; any member may. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`] when the actor is none, [`StoreError::UserNotFound`].
    pub async fn add_member(
        &self,
        actor: UserId,
        room: RoomId,
        user: UserId,
    ) -> Result<(Vec<Member>, Option<RoomEvent>), StoreError> {
        let _ = (actor, room, user);
        unimplemented!()
    }

    /// Takes somebody out of a room. Everybody may leave; only the room's maker and administrators may remove others.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`] when `user` is none, [`StoreError::NotAllowed`].
    pub async fn remove_member(&self, actor: UserId, room: RoomId, user: UserId) -> Result<RoomEvent, StoreError> {
        let _ = (actor, room, user);
        unimplemented!()
    }

    /// Notes that a person has read up to a message's number. It never goes backwards, nor beyond the last message.
    /// Answers the new number when it moved.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`].
    pub async fn mark_read(&self, user: UserId, room: RoomId, number: i64) -> Result<Option<i64>, StoreError> {
        let _ = (user, room, number);
        unimplemented!()
    }

    /// Whether a person belongs to a room; `false` when there is no such room.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_member(&self, user: UserId, room: RoomId) -> Result<bool, StoreError> {
        let _ = (user, room);
        unimplemented!()
    }
}
