//! The settings of the socket server's webhooks, which go out from memory; the chat's own are jobs.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Batching, debounce and retries of webhooks. The defaults are those of Pusher's hosted service.
#[derive(Debug, Clone, Args)]
pub struct WebhookConfig {
    /// Events that may wait for webhooks, and requests that may be waiting for their URLs; further ones are dropped
    #[arg(long = "webhook-queue", env = "HUBBUB_WEBHOOK_QUEUE", default_value_t = 10_000, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub queue: usize,
    /// Debounce: how long channel_vacated and member_removed wait, to be dropped when the client returns, in milliseconds from
    /// the end of the connection; not shorter than HUBBUB_PRESENCE_HOLD_MS for those who lose it
    #[arg(long = "webhook-hold-ms", env = "HUBBUB_WEBHOOK_HOLD_MS", default_value_t = 2_500)]
    pub hold_ms: u64,
    /// How long events are collected into one batch, in milliseconds
    #[arg(long = "webhook-batch-ms", env = "HUBBUB_WEBHOOK_BATCH_MS", default_value_t = 50)]
    pub batch_ms: u64,
    /// How long a failed request is retried, in milliseconds
    #[arg(long = "webhook-retry-ms", env = "HUBBUB_WEBHOOK_RETRY_MS", default_value_t = 300_000)]
    pub retry_ms: u64,
    /// Delay before the first retry, in milliseconds; twice as long for each further one
    #[arg(long = "webhook-pause-ms", env = "HUBBUB_WEBHOOK_PAUSE_MS", default_value_t = 1_000)]
    pub pause_ms: u64,
    /// Timeout of a webhook request, in milliseconds
    #[arg(long = "webhook-timeout-ms", env = "HUBBUB_WEBHOOK_TIMEOUT_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout_ms: u64,
}
