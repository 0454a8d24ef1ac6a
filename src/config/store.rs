//! Settings of the store.

use clap::Args;

/// Sizes of the store.
#[derive(Debug, Clone, Args)]
pub struct StoreConfig {
    /// Connections for reading
    #[arg(long, env = "HUBBUB_READ_CONNECTIONS", default_value_t = 4)]
    pub read_connections: u32,
    /// Writes that may wait; beyond it posts answer 503
    #[arg(long, env = "HUBBUB_WRITE_QUEUE", default_value_t = 4_096)]
    pub write_queue: usize,
    /// Writes committed together at most
    #[arg(long, env = "HUBBUB_WRITE_BATCH", default_value_t = 256)]
    pub write_batch: usize,
}
