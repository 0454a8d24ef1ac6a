//! The session of a socket: admission, authorization of subscriptions, and handling of the client's frames.

mod admission;
mod authorize;
mod rate;
mod socket_session;

pub(super) use admission::{ConnectQuery, ConnectionRefusal, admit, refuse_path};
pub(super) use socket_session::{SocketSession, drain, run};
