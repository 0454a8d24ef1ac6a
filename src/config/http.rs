//! Settings of the HTTP API.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Limits of the HTTP API.
#[derive(Debug, Clone, Args)]
pub struct HttpConfig {
    /// Largest request body, in bytes
    #[arg(long, env = "HUBBUB_MAX_BODY_BYTES", default_value_t = 262_144, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000_000_000))]
    pub max_body_bytes: usize,
    /// Further names that the server is asked by, with commas; the name in HUBBUB_PUBLIC_URL, localhost and addresses are
    /// known; * for any name
    #[arg(long, env = "HUBBUB_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,
    /// Time in which browsers come over TLS only, once they have been there (Strict-Transport-Security), in seconds; where
    /// HUBBUB_PUBLIC_URL begins with https://; 0: not told
    #[arg(long, env = "HUBBUB_HSTS_SECS", default_value_t = 31_536_000, value_parser = clap::value_parser!(u32).range(0..=63_072_000))]
    pub hsts_secs: u32,
    /// Time in which a request body may come as slowly as it likes, in seconds
    #[arg(long, env = "HUBBUB_BODY_GRACE_SECS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub body_grace_secs: u32,
    /// Least rate of a request body after that, in bytes per second
    #[arg(long, env = "HUBBUB_BODY_MIN_BYTES_PER_SEC", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub body_min_bytes_per_sec: u32,
    /// Time that requests may take to finish when the process is told to end, in seconds; then they are cut off
    #[arg(long, env = "HUBBUB_SHUTDOWN_TIMEOUT_SECS", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub shutdown_timeout_secs: u32,
    /// Longest message, in characters
    #[arg(long, env = "HUBBUB_MAX_MESSAGE_CHARS", default_value_t = 10_000, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_message_chars: usize,
    /// Longest name of a room, in characters
    #[arg(long, env = "HUBBUB_MAX_ROOM_NAME_CHARS", default_value_t = 80, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_room_name_chars: usize,
    /// Longest topic of a room, in characters
    #[arg(long, env = "HUBBUB_MAX_ROOM_TOPIC_CHARS", default_value_t = 250, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_room_topic_chars: usize,
    /// Longest name of a person, in characters
    #[arg(long, env = "HUBBUB_MAX_USER_NAME_CHARS", default_value_t = 80, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_user_name_chars: usize,
    /// Events that a client may be behind; one further behind gets resync and loads the history again
    #[arg(long, env = "HUBBUB_CATCH_UP_EVENTS", default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    pub catch_up_events: i64,
    /// Messages whose timeline is kept in memory
    #[arg(long, env = "HUBBUB_FLOW_ENTRIES", default_value_t = 10_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub flow_entries: usize,
    /// Event streams (Server-Sent Events) open at the same time
    #[arg(long, env = "HUBBUB_MAX_EVENT_STREAMS", default_value_t = 1_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_event_streams: usize,
    /// Largest file that may be uploaded, in bytes
    #[arg(long, env = "HUBBUB_MAX_FILE_BYTES", default_value_t = 26_214_400, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000_000))]
    pub max_file_bytes: u64,
    /// Files that one message may have
    #[arg(long, env = "HUBBUB_MAX_FILES_PER_MESSAGE", default_value_t = 10, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_files_per_message: usize,
    /// Different emoji that one message may have under it
    #[arg(long, env = "HUBBUB_MAX_REACTIONS_PER_MESSAGE", default_value_t = 20, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000))]
    pub max_reactions_per_message: usize,
    /// Largest image that gets a thumbnail, in pixels; each pixel takes up to eight bytes of memory meanwhile
    #[arg(long, env = "HUBBUB_MAX_IMAGE_PIXELS", default_value_t = 40_000_000, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000_000))]
    pub max_image_pixels: u64,
    /// Thumbnails that are made at the same time
    #[arg(long, env = "HUBBUB_THUMBNAIL_THREADS", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub thumbnail_threads: usize,
}
