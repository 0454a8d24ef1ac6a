//! Rooms: who sees which, making, changing and joining them.

use crate::domain::{Membership, Room, RoomEvent, RoomId, RoomKind, RoomName, RoomTopic, UserId};

use super::{Store, StoreError};

/// A room as one person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// The person's place in it; `None` for an open room that the person has not joined.
    pub membership: Option<Membership>,
}

/// A room that is about to be made.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// Who may join.
    pub kind: RoomKind,
    /// What it is about.
    pub topic: RoomTopic,
    /// Who is invited at once, beside its maker.
    pub member_ids: Vec<UserId>,
}

/// What is to be different about a room; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct RoomChange {
    /// The new name.
    pub name: Option<RoomName>,
    /// The new topic.
    pub topic: Option<RoomTopic>,
}

impl Store {
    /// The person's rooms, then the open ones to join, each in the order of their names.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomView>, StoreError> {
        let _ = user;
        unimplemented!()
    }

    /// One room.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], also for a closed room that `viewer` does not belong to.
    pub async fn room(&self, viewer: UserId, id: RoomId) -> Result<RoomView, StoreError> {
        let _ = (viewer, id);
        unimplemented!()
    }

    /// Makes a room; its maker is the first member. The events are the room's first: `room.created`, then `member.joined`
    /// for the maker and for each who is invited.
    ///
    /// # Errors
    /// [`StoreError::UserNotFound`] when one of the invited does not exist.
    pub async fn create_room(&self, by: UserId, new: NewRoom) -> Result<(RoomView, Vec<RoomEvent>), StoreError> {
        let _ = (by, new);
        unimplemented!()
    }

    /// Renames a room or gives it another topic. No event when nothing differs.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAllowed`] unless `actor` made the room or is an administrator.
    pub async fn change_room(
        &self,
        actor: UserId,
        id: RoomId,
        change: RoomChange,
    ) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        let _ = (actor, id, change);
        unimplemented!()
    }

    /// Joins an open room. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], also for a closed room that the person does not belong to.
    pub async fn join_room(&self, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        let _ = (user, id);
        unimplemented!()
    }
}
