//! The transport through actix-ws, which works wherever actix-web does.

mod body;
mod limited_reader;
mod raw_fd;
mod unfinished_frame_limit;
mod upgrade;

pub use raw_fd::{RawFd, keep_descriptor};
pub(in crate::sockets) use upgrade::{connect, refuse};
