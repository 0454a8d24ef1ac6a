//! Messages: posting, editing, taking back (step 2 of the walk, "store").

use crate::domain::{Message, MessageBody, MessageDraft, MessageId, RoomEvent, RoomId, UserId};

use super::{Store, StoreError};

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub enum Posted {
    /// It was stored: a `message.posted`, to be dispatched.
    New(RoomEvent),
    /// It had been stored by an earlier post with the same client id; there is nothing to dispatch.
    Replayed(Message),
}

impl Store {
    /// Stores a message. Its author has read it when they had read everything before it.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::ClientIdReused`] when the client id stands
    /// for another text or a message of another room, [`StoreError::Busy`].
    pub async fn post_message(&self, author: UserId, room: RoomId, draft: MessageDraft) -> Result<Posted, StoreError> {
        let _ = (author, room, draft);
        unimplemented!()
    }

    /// Replaces a message's text.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`] also when it was taken
    /// back, [`StoreError::NotAllowed`] unless `actor` wrote it.
    pub async fn edit_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
        body: MessageBody,
    ) -> Result<RoomEvent, StoreError> {
        let _ = (actor, room, id, body);
        unimplemented!()
    }

    /// Takes a message back: its text is gone, its place stays. No event when it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`],
    /// [`StoreError::NotAllowed`] unless `actor` wrote it or is an administrator.
    pub async fn delete_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
    ) -> Result<(Message, Option<RoomEvent>), StoreError> {
        let _ = (actor, room, id);
        unimplemented!()
    }

    /// One message.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`].
    pub async fn message(&self, viewer: UserId, room: RoomId, id: MessageId) -> Result<Message, StoreError> {
        let _ = (viewer, room, id);
        unimplemented!()
    }
}
