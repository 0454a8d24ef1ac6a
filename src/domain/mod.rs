//! Values and rules of the chat: what a message, a room, a person and an event are, and what makes one valid.
//!
//! No I/O and no framework: everything here is tested without a database or a socket. Text that came from outside is
//! parsed into these types at the edge, so that the rest of the program never asks again whether it is valid
//! (step 2 of the walk, "validate").

mod event;
mod id;
mod limits;
mod markdown;
mod message;
mod room;
mod search;
mod text;
mod timestamp;
mod user;

pub use event::{RoomEvent, RoomEventKind};
pub use id::{ApiTokenId, InviteId, MessageId, RoomId, Seq, SessionId, UserId};
pub use limits::Limits;
pub use markdown::render_markdown;
pub use message::{ClientId, Message, MessageBody, MessageDraft};
pub use room::{Membership, Room, RoomKind, RoomName, RoomTopic};
pub use search::{Phrase, SearchQuery, SnippetPart, Trait, Word, snippet, words};
pub use text::InvalidField;
pub use timestamp::Timestamp;
pub use user::{Author, Password, PersonName, Role, User, Username};
