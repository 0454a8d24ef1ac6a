//! The settings of the socket server.

use std::path::PathBuf;

use clap::{Args, FromArgMatches, ValueEnum};

use crate::config::{ConfigError, Secret};

/// The socket server: its app and its limits. Defaults are the hosted service's where it documents one.
#[derive(Debug, Clone, Args)]
pub struct SocketConfig {
    /// Id of the app, digits only; made on first start when not given
    #[arg(long, env = "HUBBUB_APP_ID", value_name = "DIGITS")]
    pub app_id: Option<String>,
    /// Key of the app, which is public; made on first start when not given
    #[arg(long, env = "HUBBUB_APP_KEY")]
    pub app_key: Option<String>,
    /// Secret of the app; made on first start when not given
    #[arg(long, env = "HUBBUB_APP_SECRET", hide_env_values = true)]
    pub app_secret: Option<Secret>,
    /// Sockets at once; beyond it a new one is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_SOCKETS", default_value_t = 100_000)]
    pub max_sockets: usize,
    /// Silence after which a client is pinged, in seconds
    #[arg(long, env = "HUBBUB_ACTIVITY_TIMEOUT_SECS", default_value_t = 120)]
    pub activity_timeout_secs: u32,
    /// Silence after a ping that closes the socket with 4201, in seconds
    #[arg(long, env = "HUBBUB_PONG_TIMEOUT_SECS", default_value_t = 30)]
    pub pong_timeout_secs: u32,
    /// Largest frame that a client may send, in bytes
    #[arg(long, env = "HUBBUB_MAX_FRAME_BYTES", default_value_t = 65_536)]
    pub max_frame_bytes: usize,
    /// Largest data of an event, in bytes
    #[arg(long, env = "HUBBUB_MAX_EVENT_DATA_BYTES", default_value_t = 10_240)]
    pub max_event_data_bytes: usize,
    /// Client events per second and socket
    #[arg(long, env = "HUBBUB_CLIENT_EVENTS_PER_SECOND", default_value_t = 10)]
    pub client_events_per_second: u32,
    /// Channels that one socket may join
    #[arg(long, env = "HUBBUB_MAX_CHANNELS_PER_SOCKET", default_value_t = 1_000)]
    pub max_channels_per_socket: usize,
    /// People in one presence channel
    #[arg(long, env = "HUBBUB_MAX_PRESENCE_MEMBERS", default_value_t = 1_000)]
    pub max_presence_members: usize,
    /// What a presence channel keeps of one person, in bytes
    #[arg(long, env = "HUBBUB_MAX_PRESENCE_MEMBER_BYTES", default_value_t = 2_048)]
    pub max_presence_member_bytes: usize,
    /// How long somebody stays in a presence channel whose last connection has ended, in milliseconds: whoever reloads a
    /// page has not left
    #[arg(long, env = "HUBBUB_PRESENCE_HOLD_MS", default_value_t = 2_000)]
    pub presence_hold_ms: u64,
    /// File that says which other apps there are, in TOML; read again on SIGHUP
    #[arg(long, env = "HUBBUB_APPS_FILE", value_name = "FILE")]
    pub apps_file: Option<PathBuf>,
    /// People that one signed-in user may watch
    #[arg(long, env = "HUBBUB_MAX_WATCHLIST", default_value_t = 100)]
    pub max_watchlist: usize,
    /// Channels that one event may be published to
    #[arg(long, env = "HUBBUB_MAX_CHANNELS_PER_EVENT", default_value_t = 100)]
    pub max_channels_per_event: usize,
    /// Events that one batch may publish
    #[arg(long, env = "HUBBUB_MAX_EVENTS_PER_BATCH", default_value_t = 10)]
    pub max_events_per_batch: usize,
    /// How long a cache channel keeps its last event, in seconds
    #[arg(long, env = "HUBBUB_CACHE_TTL_SECS", default_value_t = 1_800)]
    pub cache_ttl_secs: u64,
    /// Cache channels whose last event is kept; the one written the longest ago goes first
    #[arg(long, env = "HUBBUB_MAX_CACHED_CHANNELS", default_value_t = 10_000)]
    pub max_cached_channels: usize,
    /// Bytes that may wait for one socket; beyond it the socket is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_QUEUED_BYTES", default_value_t = 1_048_576)]
    pub max_queued_bytes: usize,
    /// Frames that may wait for one socket; beyond it the socket is closed with 4100
    #[arg(long, env = "HUBBUB_MAX_QUEUED_FRAMES", default_value_t = 256)]
    pub max_queued_frames: usize,
    /// Events that may wait for the broadcaster; one more is dropped, and clients are told to read the log
    #[arg(long, env = "HUBBUB_BROADCAST_QUEUE", default_value_t = 8_192)]
    pub broadcast_queue: usize,
    /// How long a channel's authorisation may be used after it was issued, in seconds
    #[arg(long, env = "HUBBUB_AUTHORIZATION_SECS", default_value_t = 60)]
    pub authorization_secs: u32,
    /// Time over which sockets are closed at shutdown, so that not all clients come back at once, in seconds
    #[arg(long, env = "HUBBUB_SHUTDOWN_SPREAD_SECS", default_value_t = 2)]
    pub shutdown_spread_secs: u32,
    /// Whether clients that offer it (all browsers do) may send and get messages deflated (RFC 7692); with the transport tcp
    #[arg(long, env = "HUBBUB_SOCKET_DEFLATE", value_enum, default_value_t = Deflate::On)]
    pub socket_deflate: Deflate,
    /// Shortest frame that is sent deflated, in bytes
    #[arg(long, env = "HUBBUB_SOCKET_DEFLATE_MIN_BYTES", default_value_t = 512)]
    pub socket_deflate_min_bytes: usize,
    /// How sockets are served
    #[arg(long, env = "HUBBUB_SOCKET_TRANSPORT", value_enum, default_value_t = SocketTransport::Tcp)]
    pub socket_transport: SocketTransport,
}

/// How sockets are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SocketTransport {
    /// The socket server owns the connection from the upgrade on: the least memory and work for each socket.
    Tcp,
    /// Through actix-ws.
    ActixWs,
}

/// Whether messages may be deflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deflate {
    /// Where the client offers it.
    On,
    /// Never.
    Off,
}

impl SocketTransport {
    /// File descriptors that a socket takes. Through actix-ws there is a copy of the connection's, which can cut it off.
    #[must_use]
    pub const fn descriptors_per_socket(self) -> u64 {
        match self {
            Self::Tcp => 1,
            Self::ActixWs => 2,
        }
    }
}

impl SocketConfig {
    /// What the environment says, for commands that do not take the server's options.
    ///
    /// # Errors
    /// When a variable's value is of another form.
    pub fn from_environment() -> Result<Self, clap::Error> {
        let command = Self::augment_args(clap::Command::new("hubbub"));
        Self::from_arg_matches(&command.try_get_matches_from(["hubbub"])?)
    }

    /// How many bytes a frame must have to be sent deflated to those who take it so; `None`: nobody does.
    #[must_use]
    pub fn deflate_from_bytes(&self) -> Option<usize> {
        (self.socket_deflate == Deflate::On).then_some(self.socket_deflate_min_bytes)
    }

    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        match (&self.app_id, &self.app_key, &self.app_secret) {
            (None, None, None) => Ok(()),
            (Some(_), Some(_), Some(_)) => Ok(()),
            _ => Err(ConfigError::AppIncomplete),
        }
    }
}
