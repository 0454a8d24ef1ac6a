//! The Pusher HTTP API: signed calls, publishing, asking about channels.

mod calls;
mod channel_info;
mod publishing;
