//! What the HTTP API may ask about a channel.

use std::time::Duration;

/// A channel as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelInfo {
    /// Sockets in the channel; 0: nobody is there.
    pub socket_count: usize,
    /// People in the channel; always 0 outside presence channels.
    pub user_count: usize,
    /// The data of a cache channel's last event, and how long it will be kept.
    pub cached: Option<(String, Duration)>,
}
