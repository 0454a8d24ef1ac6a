//! Posting a message (step 2 of the walk, "store").

use crate::domain::{MessageDraft, RoomId, UserId};
use crate::store::engine::writes::write_command::WriteCommand;
use crate::store::{Posted, Store, StoreError};

use super::post::command::Post;

impl Store {
    /// Stores a message and its entry in the room's log. If its author had read everything before it, their read mark
    /// moves to it.
    ///
    /// What happens next, and where:
    /// 1. On the caller's thread: the text is cut into words for the search index (`search/entry.rs`), and a
    ///    `WriteCommand::Post` is queued (`engine/writes/write_command.rs`). The caller awaits its outcome.
    /// 2. On the writer's thread: `engine/writes/writer.rs` takes the commands that wait, one of each person in turn (`engine/writes/fair_queue.rs`), opens one transaction and runs them.
    ///    Posts that follow each other go to `messages/post/batch.rs`, which accepts or refuses each and stores the
    ///    accepted ones with the statements in `messages/post/sqlite.rs` or `messages/post/postgres.rs`. After the
    ///    commit the writer answers each caller.
    /// 3. On the caller's thread again: the outcome is returned, and the caller dispatches the event.
    ///
    /// Dropping the future does not cancel the post once it is queued.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`](crate::domain::Refusal::RoomNotFound), [`Refusal::NotAMember`](crate::domain::Refusal::NotAMember), [`Refusal::ClientIdReused`](crate::domain::Refusal::ClientIdReused) when the client id stands
    /// for another text or a message of another room, [`Refusal::FileNotFound`](crate::domain::Refusal::FileNotFound) unless its files are the author's, were
    /// uploaded into this room, and belong to no message, [`StoreError::Busy`].
    pub async fn post_message(&self, author: UserId, room: RoomId, draft: MessageDraft) -> Result<Posted, StoreError> {
        let entry = self.known_words.entry(room, &draft.body);
        let words = entry.words_to_remember(room);
        let (command, outcome) = WriteCommand::post(Post { author, room, draft, entry });
        let posted = self.submit(Some(author), command, outcome).await?;
        if let Posted::New { .. } = posted {
            self.known_words.remember(&words);
        }
        Ok(posted)
    }
}
