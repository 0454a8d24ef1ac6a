//! Settings of passwords, sessions and throttling.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::Secret;

/// Identity: passwords, sessions, throttling.
#[derive(Debug, Clone, Args)]
pub struct AuthConfig {
    /// Minimum length of a password, in characters
    #[arg(long, env = "HUBBUB_MIN_PASSWORD_CHARS", default_value_t = 10, value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub min_password_chars: usize,
    /// Memory for hashing one password, in KiB (OWASP's minimum for Argon2id is 19456)
    #[arg(long, env = "HUBBUB_PASSWORD_MEMORY_KIB", default_value_t = 19_456, value_parser = clap::value_parser!(u32).range(8..=4_194_304))]
    pub password_memory_kib: u32,
    /// Threads that hash passwords
    #[arg(long, env = "HUBBUB_PASSWORD_THREADS", default_value_t = 2, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub password_threads: usize,
    /// Secret that signs access tokens, the same on all web nodes, at least 32 characters; generated on first start when not given
    #[arg(long, env = "HUBBUB_TOKEN_SECRET", hide_env_values = true)]
    pub token_secret: Option<Secret>,
    /// Time in which one key signs access tokens before another replaces it, in days
    #[arg(long, env = "HUBBUB_TOKEN_KEY_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub token_key_days: u32,
    /// Lifetime of an access token, in seconds
    #[arg(long, env = "HUBBUB_ACCESS_TOKEN_SECS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub access_token_secs: u32,
    /// Lifetime of an unused session, in days
    #[arg(long, env = "HUBBUB_SESSION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub session_days: u32,
    /// Lifetime of a session however much it is used, in days
    #[arg(long, env = "HUBBUB_SESSION_MAX_DAYS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub session_max_days: u32,
    /// Sessions of one person at the same time; signing in beyond it ends the oldest
    #[arg(long, env = "HUBBUB_MAX_SESSIONS_PER_PERSON", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_sessions_per_person: u32,
    /// Take the client's IP address from X-Forwarded-For; only behind a proxy that sets it
    #[arg(long, env = "HUBBUB_TRUST_PROXY")]
    pub trust_proxy: bool,
}
