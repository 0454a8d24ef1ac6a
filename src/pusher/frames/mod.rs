//! What travels over a socket: the frames of both directions and the codes in them.

mod client_frame;
mod code;
pub mod server_frame;

pub use client_frame::{ClientEvent, ClientFrame, InvalidFrame, MAX_EVENT_NAME_CHARS, SignInFrame, SubscribeFrame};
pub use code::{Code, SubscriptionRefusal};
