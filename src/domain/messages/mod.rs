//! Messages, and what belongs to them.
//!
//! - `message`: a message, and what a text must be to become one.
//! - `reaction`: an emoji under a message.
//! - `reply`: what a message shows of the one that it answers.

mod message;
mod reaction;
mod reply;

pub use message::{ClientId, Message, MessageBody, MessageDraft};
pub use reaction::{EmojiCount, Reaction, ReactionEmoji};
pub use reply::RepliedTo;
