//! Clients of any Pusher-compatible server.
//!
//! | | |
//! |---|---|
//! | `trigger` | publishes an event |
//! | `listen` | subscribes to channels and prints their events |
//! | `server` | their options: which server, and whose credentials |

mod listen;
mod server;
mod trigger;

pub(super) use listen::{ListenArgs, listen};
pub(super) use trigger::{TriggerArgs, trigger};
