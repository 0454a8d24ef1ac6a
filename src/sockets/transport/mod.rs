//! The WebSocket protocol over a connection (RFC 6455, RFC 7692).
//!
//! | | |
//! |---|---|
//! | `reader` | what a session needs of its connection: the two transports stand behind it |
//! | `tcp`, `tcp_reader` | the transport that owns the connection: the upgrade, and reading messages |
//! | `actix_ws` | the transport through actix-ws |
//! | `frames`, `inflate` | a client's frames, and what it compressed |
//! | `extensions` | the negotiation of permessage-deflate |

pub(super) mod actix_ws;
mod extensions;
mod frames;
mod inflate;
mod reader;
mod tcp;
mod tcp_reader;

pub use actix_ws::{RawFd, keep_descriptor};
pub use tcp::serve_socket;

pub(in crate::sockets) use frames::FrameError;
pub(super) use reader::MessageReader;
