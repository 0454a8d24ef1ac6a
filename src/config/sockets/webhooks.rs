//! The settings of the socket server's webhooks, which go out from memory; the chat's own are jobs.

use clap::Args;

/// When webhooks are told, and how often a URL that fails is tried again. The defaults are the hosted service's.
#[derive(Debug, Clone, Args)]
pub struct WebhookConfig {
    /// Events that may wait for webhooks, and requests that may wait for their URLs; one more is dropped
    #[arg(long = "webhook-queue", env = "HUBBUB_WEBHOOK_QUEUE", default_value_t = 10_000)]
    pub queue: usize,
    /// How long a departure is held back, to be forgotten when the client is back by then, in milliseconds
    #[arg(long = "webhook-hold-ms", env = "HUBBUB_WEBHOOK_HOLD_MS", default_value_t = 3_000)]
    pub hold_ms: u64,
    /// How long a batch of events collects, in milliseconds
    #[arg(long = "webhook-batch-ms", env = "HUBBUB_WEBHOOK_BATCH_MS", default_value_t = 50)]
    pub batch_ms: u64,
    /// How long a URL that fails is tried again, in milliseconds
    #[arg(long = "webhook-retry-ms", env = "HUBBUB_WEBHOOK_RETRY_MS", default_value_t = 300_000)]
    pub retry_ms: u64,
    /// First pause between two tries, in milliseconds; each further one is twice as long
    #[arg(long = "webhook-pause-ms", env = "HUBBUB_WEBHOOK_PAUSE_MS", default_value_t = 1_000)]
    pub pause_ms: u64,
    /// How long a URL may take to answer, in milliseconds
    #[arg(long = "webhook-timeout-ms", env = "HUBBUB_WEBHOOK_TIMEOUT_MS", default_value_t = 10_000)]
    pub timeout_ms: u64,
}
