//! The Pusher Channels protocol, version 7, as data: names, frames, signatures and codes.
//!
//! Nothing here sends, receives or waits. [`crate::sockets`] reads [`ClientFrame`]s from sockets and [`crate::broadcast`]
//! sends the frames that [`server_frame`] writes; the HTTP API signs channels with [`signature`].

mod api_signature;
mod app;
mod channel;
mod channel_key;
mod client_frame;
mod code;
mod member;
pub mod server_frame;
pub mod signature;
mod socket_id;
mod strict_json;
mod user;
mod version;

pub use api_signature::{ApiAuthError, ApiCall, sign_call, verify_call};
pub use app::{App, AppId, AppLimits, InvalidAppId, InvalidCredentials, Webhook, WebhookEventKind};
pub use channel::{ChannelKind, ChannelName, InvalidChannelName};
pub use channel_key::ChannelKey;
pub use client_frame::{ClientEvent, ClientFrame, InvalidFrame, MAX_EVENT_NAME_CHARS, SignInFrame, SubscribeFrame};
pub use code::{Code, SubscriptionRefusal};
pub use member::{InvalidMember, Member};
pub use socket_id::{InvalidSocketId, SocketId};
pub use user::{InvalidUser, SignedInUser};
pub use version::check_version;
