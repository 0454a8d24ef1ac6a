//! Settings of background jobs.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Background jobs: webhooks, retention, housekeeping.
#[derive(Debug, Clone, Args)]
pub struct JobsConfig {
    /// Jobs that run at the same time
    #[arg(long, env = "HUBBUB_JOBS_AT_ONCE", default_value_t = 16, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub jobs_at_once: usize,
    /// Jobs for one host that run at the same time, so that a slow host does not delay the others
    #[arg(long, env = "HUBBUB_JOBS_PER_HOST", default_value_t = 4, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub jobs_per_host: usize,
    /// Attempts after which a failing job is abandoned
    #[arg(long, env = "HUBBUB_JOB_ATTEMPTS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub job_attempts: u32,
    /// Delay before the first retry of a failed job, in milliseconds; three times as long for each further one
    #[arg(long, env = "HUBBUB_JOB_FIRST_PAUSE_MILLIS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=86_400_000))]
    pub job_first_pause_millis: u64,
    /// Allow webhooks to private addresses: loopback and local networks
    #[arg(long, env = "HUBBUB_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,
    /// Retention of messages in rooms without a setting of their own, in days; for ever when not given
    #[arg(long, env = "HUBBUB_RETENTION_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_days: Option<u32>,
    /// Shortest retention that a room may have, in days
    #[arg(long, env = "HUBBUB_MIN_RETENTION_DAYS", default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub min_retention_days: u32,
    /// How long a shorter retention of a room waits before it counts, in hours, so that its members can save what they need
    #[arg(long, env = "HUBBUB_RETENTION_DELAY_HOURS", default_value_t = 72, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(0..=8_760))]
    pub retention_delay_hours: u32,
    /// How long webhook logs and abandoned jobs are kept, in days
    #[arg(long, env = "HUBBUB_JOB_LOG_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub job_log_days: u32,
    /// How long the trail of what matters for security is kept, in days
    #[arg(long, env = "HUBBUB_AUDIT_DAYS", default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub audit_days: u32,
    /// Interval between two purges of expired data, in seconds
    #[arg(long, env = "HUBBUB_HOUSEKEEPING_SECS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub housekeeping_secs: u32,
}
