//! Settings of passwords, sessions and throttling.

use clap::Args;

use super::Secret;

/// Identity: passwords, sessions, throttling.
#[derive(Debug, Clone, Args)]
pub struct AuthConfig {
    /// Fewest characters of a password
    #[arg(long, env = "HUBBUB_MIN_PASSWORD_CHARS", default_value_t = 10)]
    pub min_password_chars: usize,
    /// Memory that hashing one password takes, in KiB (OWASP's minimum for Argon2id is 19456)
    #[arg(long, env = "HUBBUB_PASSWORD_MEMORY_KIB", default_value_t = 19_456)]
    pub password_memory_kib: u32,
    /// Threads that hash passwords, and so how many are hashed at once
    #[arg(long, env = "HUBBUB_PASSWORD_THREADS", default_value_t = 2)]
    pub password_threads: usize,
    /// Secret that several web nodes sign access tokens with, of at least 32 characters; without it, one is made and kept
    #[arg(long, env = "HUBBUB_TOKEN_SECRET", hide_env_values = true)]
    pub token_secret: Option<Secret>,
    /// Life of an access token, in seconds
    #[arg(long, env = "HUBBUB_ACCESS_TOKEN_SECS", default_value_t = 600)]
    pub access_token_secs: u32,
    /// Life of a session that is not used, in days
    #[arg(long, env = "HUBBUB_SESSION_DAYS", default_value_t = 30)]
    pub session_days: u32,
    /// Sign-in attempts per minute and address, and per minute and user name
    #[arg(long, env = "HUBBUB_SIGN_INS_PER_MINUTE", default_value_t = 10)]
    pub sign_ins_per_minute: u32,
    /// Take the caller's address from X-Forwarded-For: only behind a proxy that sets it
    #[arg(long, env = "HUBBUB_TRUST_PROXY")]
    pub trust_proxy: bool,
}
