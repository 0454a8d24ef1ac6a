//! Values and rules of the chat: what a message, a room, a person and an event are, and what makes one valid.
//!
//! No I/O and no framework: everything here is tested without a database or a socket. Text that came from outside is
//! parsed into these types at the edge, so that the rest of the program never asks again whether it is valid
//! (step 2 of the walk, "validate").

mod document;
mod event;
mod file;
mod id;
mod limits;
mod messages;
mod people;
mod refusal;
mod room;
mod search;
mod text;
mod timestamp;
mod webhook;
mod whole_number;
pub mod yjs;

pub use document::{Document, DocumentContent, DocumentTitle, DocumentVersion, word_list};
pub use event::{EventKind, RoomEvent, Subject, SubjectKind};
pub use file::{File, FileName};
pub use id::{
    ApiTokenId, DeliveryId, DocumentId, FileId, InviteId, JobId, MessageId, RoomId, Seq, SessionId, UserId, WebhookId,
};
pub use limits::Limits;

pub use messages::{ClientId, EmojiCount, Message, MessageBody, MessageDraft, Reaction, ReactionEmoji, RepliedTo};
pub use people::{Credential, EndedCredential, InvalidCredential, Password, PersonName, Role, User, UserRef, Username};
pub use refusal::Refusal;
pub use room::{
    Membership, NextRetention, ReadMark, RetentionDays, RetentionRules, Room, RoomKind, RoomName, RoomTopic,
};
pub use search::{
    MIN_INNER_CHARS, Phrase, SNIPPET_SOURCE_CHARS, SearchQuery, SnippetPart, Trait, Word, name_words,
    searched_name_words, snippet, words,
};
pub use text::{InvalidField, RENDERER_VERSION, excerpt, render_markdown};
pub use timestamp::Timestamp;

pub use webhook::{WebhookUrl, webhook_host};
pub use whole_number::WholeNumber;
