//! The settings of the socket server.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, FromArgMatches, ValueEnum};

use crate::config::{ConfigError, Secret, with_secret_files};

/// The socket server: its app and its limits. Defaults are the hosted service's where it documents one.
#[derive(Debug, Clone, Args)]
pub struct SocketConfig {
    /// Id of the app, any text without / (the Python SDK demands digits); generated on first start when not given
    #[arg(long, env = "HUBBUB_APP_ID", value_name = "ID")]
    pub app_id: Option<String>,
    /// Public key of the app; generated on first start when not given
    #[arg(long, env = "HUBBUB_APP_KEY")]
    pub app_key: Option<String>,
    /// Secret of the app; generated on first start when not given
    #[arg(long, env = "HUBBUB_APP_SECRET", hide_env_values = true)]
    pub app_secret: Option<Secret>,
    /// Origins of pages that may open sockets of the chat's own app, with commas; default: that of HUBBUB_PUBLIC_URL, and any
    /// without one
    #[arg(long, env = "HUBBUB_SOCKET_ORIGINS", value_name = "URLS", value_delimiter = ',')]
    pub socket_origins: Vec<String>,
    /// Sockets that may be open at the same time; a further one is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_SOCKETS", default_value_t = 100_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_sockets: usize,
    /// Time after which a socket of the chat's own app is closed that neither signed in nor joined a private channel, in
    /// seconds; 0: never
    #[arg(long, env = "HUBBUB_ANONYMOUS_SOCKET_SECS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=31_536_000))]
    pub anonymous_socket_secs: u32,
    /// Inactivity after which a client is pinged, in seconds
    #[arg(long, env = "HUBBUB_ACTIVITY_TIMEOUT_SECS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub activity_timeout_secs: u32,
    /// Time to wait for a pong before the socket is closed with 4201, in seconds
    #[arg(long, env = "HUBBUB_PONG_TIMEOUT_SECS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub pong_timeout_secs: u32,
    /// Largest frame that a client may send, in bytes
    #[arg(long, env = "HUBBUB_MAX_FRAME_BYTES", default_value_t = 65_536, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000_000_000))]
    pub max_frame_bytes: usize,
    /// Largest data of an event, in bytes
    #[arg(long, env = "HUBBUB_MAX_EVENT_DATA_BYTES", default_value_t = 10_240, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000_000_000_000))]
    pub max_event_data_bytes: usize,
    /// Client events per second and socket
    #[arg(long, env = "HUBBUB_CLIENT_EVENTS_PER_SECOND", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub client_events_per_second: u32,
    /// Joins and leaves of channels per second and socket, beyond as many at once as a socket may join channels
    #[arg(long, env = "HUBBUB_SUBSCRIPTIONS_PER_SECOND", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub subscriptions_per_second: u32,
    /// Channels that one socket may join
    #[arg(long, env = "HUBBUB_MAX_CHANNELS_PER_SOCKET", default_value_t = 5_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_channels_per_socket: usize,
    /// Members of one presence channel
    #[arg(long, env = "HUBBUB_MAX_PRESENCE_MEMBERS", default_value_t = 1_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_presence_members: usize,
    /// Largest channel_data of a presence member, in bytes
    #[arg(long, env = "HUBBUB_MAX_PRESENCE_MEMBER_BYTES", default_value_t = 2_048, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000_000_000_000))]
    pub max_presence_member_bytes: usize,
    /// Grace period before a member leaves a presence channel when the last connection has ended, in milliseconds, so that
    /// reloading a page is not a departure
    #[arg(long, env = "HUBBUB_PRESENCE_HOLD_MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(0..=86_400_000))]
    pub presence_hold_ms: u64,
    /// File that lists further apps, in TOML; read again on SIGHUP
    #[arg(long, env = "HUBBUB_APPS_FILE", value_name = "FILE")]
    pub apps_file: Option<PathBuf>,
    /// Users on one user's watchlist
    #[arg(long, env = "HUBBUB_MAX_WATCHLIST", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_watchlist: usize,
    /// Channels that one event may be published to
    #[arg(long, env = "HUBBUB_MAX_CHANNELS_PER_EVENT", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_channels_per_event: usize,
    /// Events that one batch may publish
    #[arg(long, env = "HUBBUB_MAX_EVENTS_PER_BATCH", default_value_t = 10, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_events_per_batch: usize,
    /// How long a cache channel keeps its last event, in seconds
    #[arg(long, env = "HUBBUB_CACHE_TTL_SECS", default_value_t = 1_800, value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    pub cache_ttl_secs: u64,
    /// Cache channels whose last event is kept; the least recently written one is removed first
    #[arg(long, env = "HUBBUB_MAX_CACHED_CHANNELS", default_value_t = 10_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_cached_channels: usize,
    /// Bytes that may wait for one socket; with more the socket is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_QUEUED_BYTES", default_value_t = 1_048_576, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000_000_000))]
    pub max_queued_bytes: usize,
    /// Frames that may wait for one socket; with more the socket is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_QUEUED_FRAMES", default_value_t = 256, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_queued_frames: usize,
    /// Events that may wait for the broadcaster; when it is full, events are dropped, and clients are told to read the log
    #[arg(long, env = "HUBBUB_BROADCAST_QUEUE", default_value_t = 8_192, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub broadcast_queue: usize,
    /// How long a channel's authorization is valid after it was issued, in seconds
    #[arg(long, env = "HUBBUB_AUTHORIZATION_SECS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub authorization_secs: u32,
    /// Time over which sockets are closed at shutdown, so that not all clients reconnect at the same moment, in
    /// milliseconds; clients come back a second later, and the next process should be there by then
    #[arg(long, env = "HUBBUB_SHUTDOWN_SPREAD_MS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=86_400_000))]
    pub shutdown_spread_ms: u32,
    /// Compression of messages (permessage-deflate, RFC 7692) for clients that offer it, as all browsers do; only with the
    /// transport tcp
    #[arg(long, env = "HUBBUB_SOCKET_DEFLATE", value_enum, default_value_t = Deflate::On)]
    pub socket_deflate: Deflate,
    /// Shortest frame that is compressed, in bytes
    #[arg(long, env = "HUBBUB_SOCKET_DEFLATE_MIN_BYTES", default_value_t = 512, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000_000_000_000))]
    pub socket_deflate_min_bytes: usize,
    /// The WebSocket transport
    #[arg(long, env = "HUBBUB_SOCKET_TRANSPORT", value_enum, default_value_t = SocketTransport::Tcp)]
    pub socket_transport: SocketTransport,
}

/// The WebSocket transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SocketTransport {
    /// The socket server owns the connection from the upgrade on: the least memory and work for each socket.
    Tcp,
    /// Through actix-ws.
    ActixWs,
}

/// Whether messages may be compressed (permessage-deflate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deflate {
    /// Where the client offers it.
    On,
    /// Never.
    Off,
}

impl SocketTransport {
    /// File descriptors that a socket takes. The transport actix-ws has a duplicate of the connection's, with which it can shut the connection down.
    #[must_use]
    pub const fn descriptors_per_socket(self) -> u64 {
        match self {
            Self::Tcp => 1,
            Self::ActixWs => 2,
        }
    }
}

impl SocketConfig {
    /// Reads the settings from the environment, for commands that do not take the server's options.
    ///
    /// # Errors
    /// When a variable's value is of another form.
    pub fn from_environment() -> Result<Self, clap::Error> {
        let command = Self::augment_args(clap::Command::new("hubbub"));
        let command = with_secret_files(command)
            .map_err(|error| clap::Error::raw(clap::error::ErrorKind::Io, format!("{error}\n")))?;
        Self::from_arg_matches(&command.try_get_matches_from(["hubbub"])?)
    }

    /// The size in bytes from which a frame is compressed for clients that negotiated it; `None` when compression is off.
    #[must_use]
    pub fn deflate_from_bytes(&self) -> Option<usize> {
        (self.socket_deflate == Deflate::On).then_some(self.socket_deflate_min_bytes)
    }

    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        if self.max_event_data_bytes > self.max_frame_bytes {
            let (event_data_bytes, frame_bytes) = (self.max_event_data_bytes, self.max_frame_bytes);
            return Err(ConfigError::EventDataBeyondFrame { event_data_bytes, frame_bytes });
        }
        match (&self.app_id, &self.app_key, &self.app_secret) {
            (None, None, None) => Ok(()),
            (Some(_), Some(_), Some(_)) => Ok(()),
            _ => Err(ConfigError::AppIncomplete),
        }
    }
}
