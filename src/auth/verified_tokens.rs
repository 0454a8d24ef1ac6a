//! Access tokens whose signature was checked before: a client sends the same one with every request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::Claims;

/// What is remembered of a token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verified {
    pub(super) claims: Claims,
    /// Unix seconds.
    pub(super) expires_at: i64,
}

/// The tokens that were checked last. Only what was signed by our own key gets in, so that a stranger cannot fill it.
#[derive(Debug, Default)]
pub(super) struct VerifiedTokens(RwLock<HashMap<Box<str>, Verified>>);

impl VerifiedTokens {
    /// About 4 MB when full. Beyond it everything is forgotten, which costs one check each.
    const CAPACITY: usize = 10_000;

    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).copied()
    }

    pub(super) fn remember(&self, token: &str, verified: Verified) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= Self::CAPACITY {
            tokens.clear();
        }
        tokens.insert(token.into(), verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SessionId, UserId};

    #[test]
    fn the_memory_is_bounded() {
        let tokens = VerifiedTokens::default();
        let claims = Claims { user_id: UserId(1), session_id: SessionId(1) };
        for number in 0..=VerifiedTokens::CAPACITY {
            tokens.remember(&number.to_string(), Verified { claims, expires_at: 0 });
        }
        assert!(tokens.get("0").is_none());
        assert!(tokens.get(&VerifiedTokens::CAPACITY.to_string()).is_some());
    }
}
