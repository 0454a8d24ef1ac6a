//! Pusher.
pub mod signature;
