//! Signs webhook requests, as [Standard Webhooks](https://www.standardwebhooks.com) say.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a webhook and its receiver share: `whsec_` and 32 random bytes in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

const PREFIX: &str = "whsec_";

impl WebhookSecret {
    /// A new secret from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>())))
    }

    /// The secret of a stored row.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, to be shown once and to be kept.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The header `webhook-signature` of a call: `v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base64. `None` when
    /// the secret is none.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let key = STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_standards_example() {
        let secret = WebhookSecret::stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_new_secret_signs_and_does_not_show_itself() {
        let secret = WebhookSecret::generate();
        assert!(secret.sign("id", 1, b"body").is_some_and(|signature| signature.starts_with("v1,")));
        assert!(!format!("{secret:?}").contains("whsec_"));
        assert!(WebhookSecret::stored("nothing".to_owned()).sign("id", 1, b"body").is_none());
    }
}
