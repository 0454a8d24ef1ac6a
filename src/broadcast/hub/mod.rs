//! The sockets of one worker thread, and how a frame is written to each of them.

mod frame;
mod hub;
mod send_queue;
mod socket;
mod subscriptions;
mod write_batch;

pub use frame::Frame;
pub use hub::{Hub, HubLimits};
pub use send_queue::{EnqueueResult, Priority, SendQueue, SendQueueLimits, SocketWriter};
pub use socket::Socket;
