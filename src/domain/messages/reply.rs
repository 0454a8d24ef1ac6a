//! Replies: what a message shows of the message that it answers.

use crate::domain::{MessageId, UserRef, excerpt};

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepliedTo {
    /// The message.
    pub id: MessageId,
    /// Who wrote it; `None` when it is no longer kept.
    pub author: Option<UserRef>,
    /// Its beginning as plain text; `None` when it was deleted, or is no longer kept.
    pub excerpt: Option<String>,
}

impl RepliedTo {
    /// Characters of the excerpt at most.
    pub const EXCERPT_CHARS: usize = 140;

    /// A message that is there: with its author, and the Markdown that was written.
    #[must_use]
    pub fn of(id: MessageId, author: UserRef, body: &str) -> Self {
        Self { id, author: Some(author), excerpt: Some(excerpt(body, Self::EXCERPT_CHARS)) }
    }

    /// A message that was deleted, or is no longer kept.
    #[must_use]
    pub const fn gone(id: MessageId, author: Option<UserRef>) -> Self {
        Self { id, author, excerpt: None }
    }
}
