//! Access tokens: JSON Web Tokens that live for ten minutes.
//!
//! They say who and which session, and nothing else: what that person may do is looked up, so that it can change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::AuthConfig;
use crate::domain::{SessionId, Timestamp, UserId};

use super::{Claims, KeyRing};

/// Makes and checks access tokens.
pub struct AccessTokens {
    keys: KeyRing,
    validation: Validation,
    verified: VerifiedTokens,
    lifetime_secs: u32,
}

/// A token as it is handed out.
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// How long it is good for, in seconds.
    pub expires_in: u32,
}

/// Why a token was not accepted. Only [`Expired`](Self::Expired) is told to the caller: it is a reason to renew.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AccessTokenError {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is not one of ours: malformed, forged, or made for somebody else.
    #[error("the token is not valid")]
    Invalid,
}

#[derive(Serialize, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    /// The user's id; RFC 7519 wants a string.
    sub: String,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

impl AccessTokens {
    /// The only algorithm there is: a token cannot choose another, nor none (RFC 8725, 3.1).
    const ALGORITHM: Algorithm = Algorithm::HS256;
    const ISSUER: &'static str = "hubbub";
    const AUDIENCE: &'static str = "hubbub:api";
    /// By how much the clocks of two nodes may differ, in seconds.
    const LEEWAY_SECS: u64 = 5;

    /// Signs with the newest of `keys`.
    #[must_use]
    pub fn new(keys: KeyRing, config: &AuthConfig) -> Self {
        let mut validation = Validation::new(Self::ALGORITHM);
        validation.set_issuer(&[Self::ISSUER]);
        validation.set_audience(&[Self::AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = Self::LEEWAY_SECS;
        Self { keys, validation, verified: VerifiedTokens::default(), lifetime_secs: config.access_token_secs }
    }

    /// Makes a token for a session.
    ///
    /// # Errors
    /// [`AccessTokenError::Invalid`] when the library cannot sign, which a key of the ring never causes.
    pub fn issue(&self, user_id: UserId, session_id: SessionId) -> Result<AccessToken, AccessTokenError> {
        let now = Timestamp::now().unix_seconds();
        let claims = WireClaims {
            iss: Self::ISSUER.to_owned(),
            aud: Self::AUDIENCE.to_owned(),
            sub: user_id.to_string(),
            sid: session_id,
            iat: now,
            exp: now + i64::from(self.lifetime_secs),
        };
        let key = self.keys.newest();
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Self::ALGORITHM) };
        let token = encode(&header, &claims, &key.encoding).map_err(|_| AccessTokenError::Invalid)?;
        Ok(AccessToken { token, expires_in: self.lifetime_secs })
    }

    /// Checks a token's algorithm, signature, issuer, audience and time.
    ///
    /// # Errors
    /// [`AccessTokenError::Expired`] for a token that was valid; [`AccessTokenError::Invalid`] for all others.
    pub fn verify(&self, token: &str) -> Result<Claims, AccessTokenError> {
        let verified = match self.verified.get(token) {
            Some(verified) => verified,
            None => {
                let verified = self.verify_anew(token)?;
                self.verified.remember(token, verified);
                verified
            }
        };
        match verified.expires_at + Self::LEEWAY_SECS.cast_signed() > Timestamp::now().unix_seconds() {
            true => Ok(verified.claims),
            false => Err(AccessTokenError::Expired),
        }
    }

    fn verify_anew(&self, token: &str) -> Result<Verified, AccessTokenError> {
        let header = decode_header(token).map_err(|_| AccessTokenError::Invalid)?;
        let key = header.kid.and_then(|kid| self.keys.key(&kid)).ok_or(AccessTokenError::Invalid)?;
        let verified = decode::<WireClaims>(token, &key.decoding, &self.validation);
        let claims = verified.map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => AccessTokenError::Expired,
            _ => AccessTokenError::Invalid,
        })?;
        let user_id = claims.claims.sub.parse().map_err(|_| AccessTokenError::Invalid)?;
        let session_id = claims.claims.sid;
        Ok(Verified { claims: Claims { user_id, session_id }, expires_at: claims.claims.exp })
    }
}

/// What is remembered of a token.
#[derive(Debug, Clone, Copy)]
struct Verified {
    claims: Claims,
    /// Unix seconds.
    expires_at: i64,
}

/// The tokens that were checked last. Only what was signed by our own key gets in, so that a stranger cannot fill it.
#[derive(Debug, Default)]
struct VerifiedTokens(RwLock<HashMap<Box<str>, Verified>>);

impl VerifiedTokens {
    /// About 4 MB when full. Beyond it everything is forgotten, which costs one check each.
    const CAPACITY: usize = 10_000;

    fn get(&self, token: &str) -> Option<Verified> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).copied()
    }

    fn remember(&self, token: &str, verified: Verified) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= Self::CAPACITY {
            tokens.clear();
        }
        tokens.insert(token.into(), verified);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::TEST_CONFIG;

    fn tokens() -> AccessTokens {
        let dir = tempfile::tempdir().expect("a directory");
        AccessTokens::new(KeyRing::open(dir.path()).expect("made"), &TEST_CONFIG)
    }

    fn good_claims() -> Value {
        let now = Timestamp::now().unix_seconds();
        json!({"iss": "hubbub", "aud": "hubbub:api", "sub": "7", "sid": 3, "iat": now, "exp": now + 600})
    }

    /// `good_claims` with one claim replaced, or left out when `value` is null.
    fn claims_with(claim: &str, value: Value) -> Value {
        let mut claims = good_claims();
        let fields = claims.as_object_mut().expect("an object");
        match value {
            Value::Null => drop(fields.remove(claim)),
            value => drop(fields.insert(claim.to_owned(), value)),
        }
        claims
    }

    /// Signs anything with the ring's own key, as the server would.
    fn sign(tokens: &AccessTokens, claims: &Value) -> String {
        let key = tokens.keys.newest();
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &key.encoding).expect("signed")
    }

    /// Header and claims as they are, and whatever signature.
    fn assemble(header: &Value, claims: &Value, signature: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(header), part(claims))
    }

    #[test]
    fn an_issued_token_says_who_and_which_session() {
        let tokens = tokens();
        let issued = tokens.issue(UserId(7), SessionId(3)).expect("signed");
        assert_eq!(issued.expires_in, 600);
        assert_eq!(tokens.verify(&issued.token), Ok(Claims { user_id: UserId(7), session_id: SessionId(3) }));
        assert_eq!(tokens.verify(&sign(&tokens, &good_claims())), tokens.verify(&issued.token));
    }

    #[test]
    fn an_expired_token_is_told_apart_so_that_it_can_be_renewed() {
        let tokens = tokens();
        let past = Timestamp::now().unix_seconds() - 6;
        assert_eq!(tokens.verify(&sign(&tokens, &claims_with("exp", json!(past)))), Err(AccessTokenError::Expired));
    }

    #[test]
    fn a_token_that_was_good_before_expires_like_any_other() {
        let tokens = tokens();
        let token = tokens.issue(UserId(7), SessionId(3)).expect("signed").token;
        let claims = tokens.verify(&token).expect("valid");
        tokens.verified.remember(&token, Verified { claims, expires_at: Timestamp::now().unix_seconds() - 6 });
        assert_eq!(tokens.verify(&token), Err(AccessTokenError::Expired));
    }

    #[test]
    fn tokens_made_for_others_or_by_others_are_refused() {
        let tokens = tokens();
        let cases = [
            ("iss", json!("elsewhere")),
            ("iss", Value::Null),
            ("aud", json!("hubbub:other")),
            ("aud", Value::Null),
            ("sub", json!("root")),
            ("sub", Value::Null),
            ("sid", Value::Null),
            ("exp", Value::Null),
            ("exp", json!("tomorrow")),
        ];
        for (claim, value) in cases {
            let token = sign(&tokens, &claims_with(claim, value.clone()));
            assert_eq!(tokens.verify(&token), Err(AccessTokenError::Invalid), "{claim} = {value}");
        }
    }

    #[test]
    fn a_token_without_a_signature_is_refused_whatever_its_header_says() {
        let tokens = tokens();
        let kid = &tokens.keys.newest().kid;
        for algorithm in ["none", "None", "NONE", "HS256"] {
            let token = assemble(&json!({"alg": algorithm, "typ": "JWT", "kid": kid}), &good_claims(), "");
            assert_eq!(tokens.verify(&token), Err(AccessTokenError::Invalid), "{algorithm}");
        }
    }

    #[test]
    fn a_token_cannot_choose_another_algorithm() {
        let tokens = tokens();
        let key = tokens.keys.newest();
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some(key.kid.clone()), ..Header::new(algorithm) };
            let token = encode(&header, &good_claims(), &key.encoding).expect("signed");
            assert_eq!(tokens.verify(&token), Err(AccessTokenError::Invalid), "{algorithm:?}");
        }
        let valid = sign(&tokens, &good_claims());
        let signature = valid.rsplit('.').next().expect("three parts");
        for algorithm in ["RS256", "ES256", "EdDSA"] {
            let token = assemble(&json!({"alg": algorithm, "kid": key.kid}), &good_claims(), signature);
            assert_eq!(tokens.verify(&token), Err(AccessTokenError::Invalid), "{algorithm}");
        }
    }

    #[test]
    fn a_forged_or_changed_token_is_refused() {
        let tokens = tokens();
        let kid = Some(tokens.keys.newest().kid.clone());
        let forger = EncodingKey::from_secret(&[7; 32]);
        let forged = encode(&Header { kid, ..Header::new(Algorithm::HS256) }, &good_claims(), &forger).expect("signed");
        assert_eq!(tokens.verify(&forged), Err(AccessTokenError::Invalid));

        let valid = sign(&tokens, &good_claims());
        let mut parts = valid.split('.');
        let (header, signature) = (parts.next().expect("a header"), parts.nth(1).expect("a signature"));
        let other = URL_SAFE_NO_PAD.encode(claims_with("sub", json!("1")).to_string());
        assert_eq!(tokens.verify(&format!("{header}.{other}.{signature}")), Err(AccessTokenError::Invalid));
        for text in ["", "a", "a.b", "a.b.c", "a.b.c.d", "…"] {
            assert_eq!(tokens.verify(text), Err(AccessTokenError::Invalid), "{text:?}");
        }
    }

    #[test]
    fn a_token_of_an_unknown_key_or_of_none_is_refused() {
        let tokens = tokens();
        for kid in [None, Some("0000000000000000".to_owned()), Some("../../etc/passwd".to_owned())] {
            let header = Header { kid, ..Header::new(Algorithm::HS256) };
            let token = encode(&header, &good_claims(), &tokens.keys.newest().encoding).expect("signed");
            assert_eq!(tokens.verify(&token), Err(AccessTokenError::Invalid));
        }
    }

    #[test]
    fn the_cache_of_verified_tokens_is_bounded() {
        let tokens = VerifiedTokens::default();
        let claims = Claims { user_id: UserId(1), session_id: SessionId(1) };
        for number in 0..=VerifiedTokens::CAPACITY {
            tokens.remember(&number.to_string(), Verified { claims, expires_at: 0 });
        }
        assert!(tokens.get("0").is_none());
        assert!(tokens.get(&VerifiedTokens::CAPACITY.to_string()).is_some());
    }
}
