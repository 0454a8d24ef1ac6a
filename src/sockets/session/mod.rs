//! A socket's life: who may connect, what a client sends, and what is done about it.

mod admission;
mod authorize;
mod rate;
mod socket_session;

pub(super) use admission::{ConnectQuery, Refusal, admit, refuse_path};
pub(super) use socket_session::{SocketSession, drain, run};
