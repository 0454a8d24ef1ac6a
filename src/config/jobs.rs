//! Settings of the work that goes on by itself.

use clap::Args;

/// Jobs: webhooks, retention, housekeeping.
#[derive(Debug, Clone, Args)]
pub struct JobsConfig {
    /// Jobs done at once
    #[arg(long, env = "HUBBUB_JOBS_AT_ONCE", default_value_t = 16)]
    pub jobs_at_once: usize,
    /// Jobs done at once that call the same host; one that answers late does not hold up the others
    #[arg(long, env = "HUBBUB_JOBS_PER_HOST", default_value_t = 4)]
    pub jobs_per_host: usize,
    /// Attempts after which a job that fails is given up
    #[arg(long, env = "HUBBUB_JOB_ATTEMPTS", default_value_t = 10)]
    pub job_attempts: u32,
    /// Pause before a failed job's second attempt, in milliseconds; each further one is three times as long
    #[arg(long, env = "HUBBUB_JOB_FIRST_PAUSE_MILLIS", default_value_t = 5_000)]
    pub job_first_pause_millis: u64,
    /// Call webhooks at private addresses too: of this machine, of the local network
    #[arg(long, env = "HUBBUB_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,
    /// How long messages are kept in rooms that do not say it themselves, in days; for ever when not given
    #[arg(long, env = "HUBBUB_RETENTION_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_days: Option<u32>,
    /// How long the logs of webhooks, and jobs that were given up, are kept, in days
    #[arg(long, env = "HUBBUB_JOB_LOG_DAYS", default_value_t = 30)]
    pub job_log_days: u32,
    /// Pause between two rounds of removing what is old, in seconds
    #[arg(long, env = "HUBBUB_HOUSEKEEPING_SECS", default_value_t = 3_600)]
    pub housekeeping_secs: u32,
}
