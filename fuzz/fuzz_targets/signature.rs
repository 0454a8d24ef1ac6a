//! Signatures: what was signed verifies, and what a stranger makes up never does.
//!
//! The input is lines: a method, a path, a query, an `auth`, a socket id, a channel, and the rest is the body.

#![no_main]

use hubbub_fuzz::pusher::signature::{sign_channel, verify_channel, verify_user};
use hubbub_fuzz::pusher::{ApiCall, sign_call, verify_call};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "278d425bdf160c739803";
const SECRET: &str = "7ad3773142a6692b25b8";
const NOW: u64 = 1_353_088_179;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(7, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (method, path, query, auth, socket_id, channel, body) =
        (next(), next(), next(), next(), next(), next(), next());

    let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let call = ApiCall { method, path, query: &query, body: body.as_bytes() };
    assert!(verify_call(call, KEY, SECRET, NOW).is_err(), "a call that nobody signed");
    let is_reserved = |name: &str| {
        let name = name.to_lowercase();
        name.starts_with("auth_") || name.starts_with("body_md5")
    };
    if !query.iter().any(|(name, _)| is_reserved(name)) {
        let signed = sign_call(call, KEY, SECRET, NOW);
        assert_eq!(verify_call(ApiCall { query: &signed, ..call }, KEY, SECRET, NOW), Ok(()));
        let other_body = [body.as_bytes(), b"!"].concat();
        assert!(verify_call(ApiCall { query: &signed, body: &other_body, ..call }, KEY, SECRET, NOW).is_err());
        assert!(verify_call(ApiCall { query: &signed, ..call }, KEY, "another", NOW).is_err());
    }

    let data = (!body.is_empty()).then_some(body);
    assert!(!verify_channel(KEY, SECRET, auth, socket_id, channel, data), "a channel that nobody signed");
    assert!(!verify_user(KEY, SECRET, auth, socket_id, body), "a user whom nobody signed");
    let auth = format!("{KEY}:{}", sign_channel(SECRET, socket_id, channel, data));
    assert!(verify_channel(KEY, SECRET, &auth, socket_id, channel, data));
    assert!(!verify_channel(KEY, SECRET, &auth, socket_id, &format!("{channel}!"), data));
});
