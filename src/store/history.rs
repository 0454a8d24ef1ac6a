//! A room's messages, page by page.

use crate::domain::{Message, MessageId, RoomId, Seq, UserId};

use super::{Store, StoreError};

/// Which page of a room's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    /// Where it lies.
    pub from: HistoryFrom,
    /// Messages on it at most; at least 1.
    pub limit: i64,
}

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryFrom {
    /// The end of the history.
    Latest,
    /// Just before a message.
    Before(MessageId),
    /// Just after a message.
    After(MessageId),
    /// Around a message, which is on it.
    Around(MessageId),
}

/// A page of a room's messages, read in one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The messages, the oldest first.
    pub items: Vec<Message>,
    /// Whether there are messages before the first.
    pub has_older: bool,
    /// Whether there are messages after the last.
    pub has_newer: bool,
    /// The head of the room's log that the page corresponds to: what comes later is above it.
    pub seq: Seq,
}

impl Store {
    /// A page of a room's messages.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], and [`StoreError::MessageNotFound`] when a page around a
    /// message is wanted that the room does not have.
    pub async fn history(&self, viewer: UserId, room: RoomId, page: HistoryPage) -> Result<History, StoreError> {
        let _ = (viewer, room, page);
        unimplemented!()
    }
}
