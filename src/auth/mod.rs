//! Identity: passwords, JSON Web Tokens, secrets that are handed out once, and the brake on guessing.
//!
//! Nothing here knows a database or a request, so that all of it is tested with neither. What a token's bearer may do
//! is the business of `http`; what is kept of a secret is its digest, in the store.

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
