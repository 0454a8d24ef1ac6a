//! Identity: passwords, JSON Web Tokens, secrets that are handed out once, and the rate limit on sign-in attempts.
//!
//! Nothing here uses a database or a request, so that all of it is tested without them. `http` decides what the bearer of a
//! token may do; the store keeps only a digest of each secret.

mod access_token;
mod claims;
mod key_ring;
mod opaque_token;
mod passwords;
mod throttle;
mod webhook_secret;

pub use access_token::{AccessToken, AccessTokenError, AccessTokens};
pub use claims::Claims;
pub use key_ring::{KeyRing, KeyRingError};
pub use opaque_token::{OpaqueToken, TokenPurpose};
pub use passwords::{PasswordError, Passwords};
pub use throttle::{SignInThrottle, TooManyAttempts, network};
pub use webhook_secret::WebhookSecret;

/// Settings for tests: hashing that takes no time.
#[cfg(test)]
const TEST_CONFIG: crate::config::AuthConfig = crate::config::AuthConfig {
    min_password_chars: 10,
    password_memory_kib: 64,
    password_threads: 1,
    token_secret: None,
    access_token_secs: 600,
    session_days: 30,
    trust_proxy: false,
};
