//! Signed calls of the HTTP API: the query carries a signature over the method, the path, the query and the body.

use std::collections::BTreeMap;

use hmac::Mac;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::signature::mac;

/// How far the caller's clock may be off, in seconds: the hosted service's figure. It also bounds how long somebody who
/// overheard a call could repeat it.
const MAX_SKEW_SECS: u64 = 600;

/// A call to be verified.
#[derive(Debug, Clone, Copy)]
pub struct ApiCall<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path exactly as requested, a prefix included.
    pub path: &'a str,
    /// The query's pairs, decoded.
    pub query: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// Why a call is not believed. Every message says what to correct and nothing about the secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiAuthError {
    /// A parameter is missing.
    #[error("the query lacks {0}")]
    Missing(&'static str),
    /// The key is another app's.
    #[error("auth_key is not this app's key")]
    WrongKey,
    /// Only version 1.0 exists.
    #[error("auth_version must be 1.0")]
    WrongVersion,
    /// The call is old, or the clock is wrong.
    #[error("Timestamp expired: auth_timestamp is not within {MAX_SKEW_SECS}s of the server's time, {now}")]
    Expired {
        /// The server's time, in seconds since 1970 UTC.
        now: u64,
    },
    /// The body is not the one that was signed.
    #[error("body_md5 is not the MD5 of the body")]
    WrongBody,
    /// The signature is wrong.
    #[error("Invalid signature: you should have sent HmacSHA256Hex({0:?}, your_secret_key)")]
    WrongSignature(String),
}

/// Verifies a call to the app with this key and secret, at the time `now_secs` (seconds since 1970 UTC).
///
/// # Errors
/// The first [`ApiAuthError`] found.
pub fn verify_call(call: ApiCall<'_>, key: &str, secret: &str, now_secs: u64) -> Result<(), ApiAuthError> {
    let parameters = parameters(call.query);
    let get = |name: &'static str| parameters.get(name).map(String::as_str).ok_or(ApiAuthError::Missing(name));
    if get("auth_key")? != key {
        return Err(ApiAuthError::WrongKey);
    }
    if get("auth_version")? != "1.0" {
        return Err(ApiAuthError::WrongVersion);
    }
    let timestamp: u64 = get("auth_timestamp")?.parse().map_err(|_| ApiAuthError::Expired { now: now_secs })?;
    if timestamp.abs_diff(now_secs) > MAX_SKEW_SECS {
        return Err(ApiAuthError::Expired { now: now_secs });
    }
    let signed = text_to_sign(call.method, call.path, &parameters);
    // What is not hex is no signature either.
    let claimed = hex::decode(get("auth_signature")?).unwrap_or_default();
    if mac(secret, [signed.as_bytes()]).verify_slice(&claimed).is_err() {
        return Err(ApiAuthError::WrongSignature(signed));
    }
    // Without this, a signed call could be sent with another body.
    match parameters.get("body_md5") {
        Some(claimed) if bool::from(body_md5(call.body).as_bytes().ct_eq(claimed.as_bytes())) => Ok(()),
        None if call.body.is_empty() => Ok(()),
        Some(_) => Err(ApiAuthError::WrongBody),
        None => Err(ApiAuthError::Missing("body_md5")),
    }
}

/// The query of a signed call, ready to be put behind the path: for a program that calls the API of a server.
#[must_use]
pub fn sign_call(call: ApiCall<'_>, key: &str, secret: &str, now_secs: u64) -> Vec<(String, String)> {
    let mut query = call.query.to_vec();
    let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
    add("auth_key", key.to_owned());
    add("auth_timestamp", now_secs.to_string());
    add("auth_version", "1.0".to_owned());
    if !call.body.is_empty() {
        add("body_md5", body_md5(call.body));
    }
    let signed = text_to_sign(call.method, call.path, &parameters(&query));
    query.push(("auth_signature".to_owned(), hex::encode(mac(secret, [signed.as_bytes()]).finalize().into_bytes())));
    query
}

/// The name of a parameter of the query, in lower case and without the brackets of a list: `info[]` and `info[0]`, as PHP
/// writes them, are `info`.
#[must_use]
pub fn parameter_name(name: &str) -> String {
    let name = name.to_lowercase();
    match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        Some((list, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => list.to_owned(),
        _ => name,
    }
}

/// The parameters by name, in order; a repeated one is a list with commas, as the PHP SDK signs it.
fn parameters(query: &[(String, String)]) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in query {
        let known = parameters.entry(parameter_name(name));
        known.and_modify(|values| values.extend([",", value])).or_insert_with(|| value.clone());
    }
    parameters
}

fn text_to_sign(method: &str, path: &str, parameters: &BTreeMap<String, String>) -> String {
    let signed = parameters.iter().filter(|(name, _)| *name != "auth_signature");
    let pairs: Vec<_> = signed.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}\n{path}\n{}", pairs.join("&"))
}

fn body_md5(body: &[u8]) -> String {
    hex::encode(Md5::digest(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "278d425bdf160c739803";
    const SECRET: &str = "7ad3773142a6692b25b8";
    const NOW: u64 = 1_353_088_179;
    const BODY: &[u8] = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
    const CALL: ApiCall<'static> = ApiCall { method: "POST", path: "/apps/3/events", query: &[], body: BODY };

    fn signed() -> Vec<(String, String)> {
        sign_call(CALL, KEY, SECRET, NOW)
    }

    fn verify(query: &[(String, String)], body: &[u8], now: u64) -> Result<(), ApiAuthError> {
        verify_call(ApiCall { query, body, ..CALL }, KEY, SECRET, now)
    }

    #[test]
    fn the_documented_example_comes_out() {
        let query = signed();
        let value = |name| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("body_md5"), Some("ec365a775a4cd0599faeb73354201b6f"));
        assert_eq!(value("auth_signature"), Some("da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"));
        assert_eq!(verify(&query, BODY, NOW), Ok(()));
    }

    #[test]
    fn the_brackets_of_a_list_are_not_signed() {
        for (name, expected) in [
            ("Info", "info"),
            ("info[]", "info"),
            ("info[0]", "info"),
            ("info[12]", "info"),
            ("info[a]", "info[a]"),
            ("a[0][1]", "a[0]"),
            ("]", "]"),
        ] {
            assert_eq!(parameter_name(name), expected);
        }
    }

    #[test]
    fn an_old_call_and_one_from_the_future_are_refused() {
        assert_eq!(verify(&signed(), BODY, NOW + 600), Ok(()));
        for now in [NOW + 601, NOW - 601] {
            assert_eq!(verify(&signed(), BODY, now), Err(ApiAuthError::Expired { now }));
        }
    }

    #[test]
    fn another_body_is_refused_even_though_the_query_is_signed() {
        assert_eq!(verify(&signed(), b"{}", NOW), Err(ApiAuthError::WrongBody));
        let without: Vec<_> = sign_call(ApiCall { body: b"", ..CALL }, KEY, SECRET, NOW);
        assert_eq!(verify(&without, b"", NOW), Ok(()));
        assert_eq!(verify(&without, b"{}", NOW), Err(ApiAuthError::Missing("body_md5")));
    }

    #[test]
    fn anything_changed_or_missing_is_refused() {
        for index in 0..signed().len() {
            let mut query = signed();
            query.remove(index);
            assert!(verify(&query, BODY, NOW).is_err(), "{query:?}");
            let mut query = signed();
            query[index].1.push('0');
            assert!(verify(&query, BODY, NOW).is_err(), "{query:?}");
        }
        let mut query = signed();
        query.push(("info".to_owned(), "user_count".to_owned()));
        assert!(matches!(verify(&query, BODY, NOW), Err(ApiAuthError::WrongSignature(_))));
        let elsewhere = ApiCall { path: "/apps/4/events", query: &signed(), ..CALL };
        let refusal = verify_call(elsewhere, KEY, SECRET, NOW).expect_err("another path").to_string();
        assert!(refusal.contains(r"POST\n/apps/4/events\nauth_key=") && !refusal.contains(SECRET), "{refusal}");
    }
}
