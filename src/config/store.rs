//! Settings of the store.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Sizes of the store.
#[derive(Debug, Clone, Args)]
pub struct StoreConfig {
    /// Database connections for reading
    #[arg(long, env = "HUBBUB_READ_CONNECTIONS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub read_connections: u32,
    /// Seconds that a read of the database may take, waiting included; it is then ended and the request answered 503
    #[arg(long, env = "HUBBUB_READ_TIMEOUT_SECS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub read_timeout_secs: u32,
    /// Bytes of text and HTML on one page of messages or events, from which on the page ends early; one message is always on it
    #[arg(long, env = "HUBBUB_MAX_PAGE_BYTES", default_value_t = 1_048_576, value_parser = RangedU64ValueParser::<usize>::new().range(1_024..=67_108_864))]
    pub max_page_bytes: usize,
    /// Writes that may wait in the queue; when it is full, requests are answered 503
    #[arg(long, env = "HUBBUB_WRITE_QUEUE", default_value_t = 4_096, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub write_queue: usize,
    /// Most writes in one transaction
    #[arg(long, env = "HUBBUB_WRITE_BATCH", default_value_t = 256, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub write_batch: usize,
}
