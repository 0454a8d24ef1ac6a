//! The Pusher Channels protocol, version 7, as data: names, frames, signatures and codes.
//!
//! Nothing here sends, receives or waits. [`crate::sockets`] reads [`ClientFrame`]s from sockets and [`crate::broadcast`]
//! sends the frames that [`server_frame`] writes; the HTTP API signs channels with [`signature`].

mod app;
mod app_id;
mod channel;
mod channel_key;
mod frames;
mod member;
mod origin;
mod signing;
mod socket_id;
mod strict_json;
mod user;
mod version;

pub use app::{App, AppLimits, AppWebhook, InvalidCredentials, WebhookEventKind};
pub use app_id::{AppId, InvalidAppId};
pub use channel::{ChannelKind, ChannelName, InvalidChannelName};
pub use channel_key::ChannelKey;
pub use frames::{
    ClientEvent, ClientFrame, Code, InvalidFrame, MAX_EVENT_NAME_CHARS, SignInFrame, SubscribeFrame,
    SubscriptionRefusal, server_frame,
};
pub use member::{InvalidMember, MemberId, PresenceMember};
pub use origin::{AllowedOrigin, InvalidOrigin};
pub use signing::{ApiAuthError, ApiCall, parameter_name, sign_call, signature, verify_call};
pub use socket_id::{InvalidSocketId, SocketId};
pub use user::{InvalidUser, SignedInUser};
pub use version::check_version;
