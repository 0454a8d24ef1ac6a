//! Posting a message (step 2 of the walk, "store").

use crate::domain::{MessageDraft, RoomId, UserId};
use crate::store::engine::write_command::WriteCommand;
use crate::store::{Posted, Store, StoreError};

use super::post::command::Post;

impl Store {
    /// Stores a message. Its author has read it when they had read everything before it.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`](crate::domain::Refusal::RoomNotFound), [`Refusal::NotAMember`](crate::domain::Refusal::NotAMember), [`Refusal::ClientIdReused`](crate::domain::Refusal::ClientIdReused) when the client id stands
    /// for another text or a message of another room, [`Refusal::FileNotFound`](crate::domain::Refusal::FileNotFound) unless its files are the author's, were
    /// uploaded into this room, and belong to no message, [`StoreError::Busy`].
    pub async fn post_message(&self, author: UserId, room: RoomId, draft: MessageDraft) -> Result<Posted, StoreError> {
        let has_files = !draft.file_ids.is_empty();
        let entry = self.known_words.entry(&draft.body, has_files);
        let new_words = entry.new_words();
        let (command, outcome) = WriteCommand::post(Post { author, room, draft, entry });
        let posted = self.submit(command, outcome).await?;
        if let Posted::New { .. } = posted {
            self.known_words.remember(&new_words);
        }
        Ok(posted)
    }
}
