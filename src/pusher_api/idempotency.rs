//! Recently used `Idempotency-Key`s, so that a repeated call publishes once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::pusher::AppId;

/// The keys of the last calls, in memory: a publisher that repeats a call after a timeout does so within seconds.
#[derive(Debug)]
pub(super) struct UsedKeys {
    keys: Mutex<LruCache<(AppId, String), UsedKey>>,
}

#[derive(Debug)]
struct UsedKey {
    body: [u8; 32],
    at: Instant,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Not used yet: publish.
    New,
    /// The same call came before: answer, and publish nothing.
    Repeated,
    /// Another call used it.
    Conflict,
}

impl UsedKeys {
    const MAX_KEYS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);
    const KEPT: Duration = Duration::from_secs(600);

    /// Takes the key for this call.
    pub(super) fn claim(&self, app: AppId, key: &str, body: &[u8]) -> Claim {
        let body: [u8; 32] = Sha256::digest(body).into();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (app, key.to_owned());
        match keys.peek(&key).filter(|earlier| earlier.at.elapsed() < Self::KEPT) {
            Some(earlier) if earlier.body == body => Claim::Repeated,
            Some(_) => Claim::Conflict,
            None => {
                keys.put(key, UsedKey { body, at: Instant::now() });
                Claim::New
            }
        }
    }

    /// Releases the key: the call failed and published nothing, and may be repeated.
    pub(super) fn release(&self, app: AppId, key: &str) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).pop(&(app, key.to_owned()));
    }
}

impl Default for UsedKeys {
    fn default() -> Self {
        Self { keys: Mutex::new(LruCache::new(Self::MAX_KEYS)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_once_by_each_app() {
        let published = UsedKeys::default();
        let claim = |app, body: &str| published.claim(AppId::numbered(app), "k", body.as_bytes());
        assert_eq!(
            [claim(1, "a"), claim(1, "a"), claim(1, "b"), claim(2, "b")],
            [Claim::New, Claim::Repeated, Claim::Conflict, Claim::New]
        );
    }

    #[test]
    fn a_key_that_was_given_back_may_be_taken_again() {
        let published = UsedKeys::default();
        assert_eq!(published.claim(AppId::numbered(1), "k", b"a"), Claim::New);
        published.release(AppId::numbered(1), "k");
        assert_eq!(published.claim(AppId::numbered(1), "k", b"b"), Claim::New);
    }
}
