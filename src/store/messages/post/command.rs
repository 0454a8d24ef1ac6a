//! [`Post`], which the writer gets, and [`Posted`], which it answers.

use std::borrow::Cow;

use crate::domain::{ClientId, File, Message, MessageDraft, RoomEvent, RoomId, UserId};
use crate::store::search::entry::SearchEntry;

/// A message to be posted.
pub(in crate::store) struct Post {
    pub(in crate::store) author: UserId,
    pub(in crate::store) room: RoomId,
    pub(in crate::store) draft: MessageDraft,
    /// Its words for the search index.
    pub(in crate::store) entry: SearchEntry,
}

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub enum Posted {
    /// It was stored.
    New {
        /// The message.
        message: Message,
        /// The `message.posted` with this message, to be dispatched.
        event: Box<RoomEvent>,
    },
    /// An earlier post with the same client id was stored, with this message; there is nothing to dispatch.
    Replayed(Message),
}

impl Post {
    pub(super) fn client_id(&self) -> Option<&str> {
        self.draft.client_id.as_ref().map(ClientId::as_str)
    }

    /// Whether more is looked up and stored than the text: such a post is a batch of its own.
    pub(super) fn stands_alone(&self) -> bool {
        !self.draft.file_ids.is_empty() || self.draft.reply_to.is_some()
    }

    /// The entry for the index, with the words of the files' names.
    pub(super) fn entry_with(&self, files: &[File]) -> Cow<'_, SearchEntry> {
        if files.is_empty() { Cow::Borrowed(&self.entry) } else { Cow::Owned(self.entry.clone().with_files(files)) }
    }

    pub(super) fn says_the_same_as(&self, message: &Message) -> bool {
        let file_ids = message.files.iter().map(|file| file.id);
        message.body == self.draft.body.text()
            && file_ids.eq(self.draft.file_ids.iter().copied())
            && message.reply_to.as_ref().map(|replied_to| replied_to.id) == self.draft.reply_to
    }
}
