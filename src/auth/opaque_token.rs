//! Secrets that are handed out once and kept as a digest: refresh tokens, API tokens, invitations.
//!
//! They are 32 random bytes, so a plain SHA-256 is enough: there is nothing to guess, and the digest can be looked up.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What a token is for. The prefix keeps one kind from being taken for another, and lets scanners find leaked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    /// Renews a session; travels in a cookie only.
    Refresh,
    /// Signs a script in.
    Api,
    /// Lets somebody sign up.
    Invite,
}

/// A secret of a known form.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl TokenPurpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "hubr_",
            Self::Api => "hub_",
            Self::Invite => "hubi_",
        }
    }
}

impl OpaqueToken {
    /// A new secret from the system's random source.
    #[must_use]
    pub fn generate(purpose: TokenPurpose) -> Self {
        Self(format!("{}{}", purpose.prefix(), URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())))
    }

    /// Takes what somebody presented; `None` when it has not the form of such a token.
    #[must_use]
    pub fn parse(text: &str, purpose: TokenPurpose) -> Option<Self> {
        let secret = text.strip_prefix(purpose.prefix())?;
        let is_plain =
            secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        is_plain.then(|| Self(text.to_owned()))
    }

    /// The secret itself, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the whole text, which is what the store keeps.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_as_what_it_is_for_and_as_nothing_else() {
        let token = OpaqueToken::generate(TokenPurpose::Api);
        assert_eq!(OpaqueToken::parse(token.expose(), TokenPurpose::Api), Some(token.clone()));
        assert_eq!(OpaqueToken::parse(token.expose(), TokenPurpose::Refresh), None);
        assert_eq!(OpaqueToken::parse(token.expose(), TokenPurpose::Invite), None);
    }

    #[test]
    fn what_has_not_the_form_of_a_token_is_refused_before_any_look_up() {
        let token = OpaqueToken::generate(TokenPurpose::Api);
        let too_long = format!("{}A", token.expose());
        let odd = token.expose().replace(|c: char| c.is_ascii_lowercase() && c > 'm', "é");
        for text in ["", "hub_", "hub_short", &too_long, &odd] {
            assert_eq!(OpaqueToken::parse(text, TokenPurpose::Api), None, "{text:?}");
        }
    }

    #[test]
    fn two_tokens_differ_and_neither_shows_itself() {
        let (one, other) = (OpaqueToken::generate(TokenPurpose::Api), OpaqueToken::generate(TokenPurpose::Api));
        assert_ne!(one.digest(), other.digest());
        assert_eq!(format!("{one:?}"), "OpaqueToken(…)");
    }
}
