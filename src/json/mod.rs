//! The JSON objects of the API, one file per noun. The HTTP API, the event stream, sockets, webhooks and exports carry the
//! same objects, so a client needs one parser. What only one endpoint takes or answers stands above its handler.

mod document;
mod event;
mod file;
mod message;
mod notice;
mod room;
mod text;
mod user;

pub use document::{DocumentPayload, DocumentSavedPayload};
pub use event::EventPayload;
pub use file::FilePayload;
pub use message::{MessagePayload, ReactionPayload};
pub use notice::{ResyncPayload, RoomHeadPayload, RoomNoticePayload, RoomReadPayload};
pub use room::{MembershipPayload, RoomPayload};
pub use text::to_text;
pub use user::{UserPayload, UserRefPayload};
