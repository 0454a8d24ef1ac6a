//! Signatures: HMAC-SHA256 with the app's secret, in lower-case hex.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs a socket's right to a channel: `socket_id:channel`, or `socket_id:channel:channel_data` when there is data.
#[must_use]
pub fn sign_channel(secret: &str, socket_id: &str, channel: &str, channel_data: Option<&str>) -> String {
    hex::encode(channel_mac(secret, socket_id, channel, channel_data).finalize().into_bytes())
}

/// Whether `auth`, of the form `key:signature`, gives a socket the right to a channel. Takes the same time whatever is
/// wrong with the signature, so that it cannot be found byte by byte.
///
/// `channel_data` must be the text exactly as received: another serialisation of the same JSON has another signature.
#[must_use]
pub fn verify_channel(
    key: &str,
    secret: &str,
    auth: &str,
    socket_id: &str,
    channel: &str,
    channel_data: Option<&str>,
) -> bool {
    is_valid(key, auth, channel_mac(secret, socket_id, channel, channel_data))
}

/// Signs a socket's claim to be a user: `socket_id::user::user_data`.
#[must_use]
pub fn sign_user(secret: &str, socket_id: &str, user_data: &str) -> String {
    hex::encode(user_mac(secret, socket_id, user_data).finalize().into_bytes())
}

/// Whether `auth` lets a socket be the user of `user_data`, which must be the text exactly as received.
#[must_use]
pub fn verify_user(key: &str, secret: &str, auth: &str, socket_id: &str, user_data: &str) -> bool {
    is_valid(key, auth, user_mac(secret, socket_id, user_data))
}

/// Signs the body of a webhook.
#[must_use]
pub fn sign_webhook(secret: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, [body]).finalize().into_bytes())
}

fn is_valid(key: &str, auth: &str, expected: Hmac<Sha256>) -> bool {
    let Some((claimed_key, claimed_signature)) = auth.split_once(':') else { return false };
    let Ok(signature) = hex::decode(claimed_signature) else { return false };
    claimed_key == key && expected.verify_slice(&signature).is_ok()
}

fn channel_mac(secret: &str, socket_id: &str, channel: &str, channel_data: Option<&str>) -> Hmac<Sha256> {
    match channel_data {
        Some(data) => mac(secret, [socket_id, ":", channel, ":", data].map(str::as_bytes)),
        None => mac(secret, [socket_id, ":", channel].map(str::as_bytes)),
    }
}

fn user_mac(secret: &str, socket_id: &str, user_data: &str) -> Hmac<Sha256> {
    mac(secret, [socket_id, "::user::", user_data].map(str::as_bytes))
}

/// The code over the parts, one after the other.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub(super) fn mac<const N: usize>(secret: &str, parts: [&[u8]; N]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example credentials of the protocol's documentation.
    const KEY: &str = "278d425bdf160c739803";
    const SECRET: &str = "7ad3773142a6692b25b8";
    const SOCKET: &str = "1234.1234";

    #[test]
    fn the_documented_examples_come_out() {
        assert_eq!(
            sign_channel(SECRET, SOCKET, "private-foobar", None),
            "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
        );
        let data = r#"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#;
        assert_eq!(
            sign_channel(SECRET, SOCKET, "presence-foobar", Some(data)),
            "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"
        );
    }

    #[test]
    fn a_user_is_signed_as_documented_and_for_one_socket_only() {
        let data = r#"{"id":"12345"}"#;
        let signature = sign_user(SECRET, SOCKET, data);
        assert_eq!(signature, "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba");
        let auth = format!("{KEY}:{signature}");
        assert!(verify_user(KEY, SECRET, &auth, SOCKET, data));
        assert!(!verify_user(KEY, SECRET, &auth, "1234.1235", data));
        assert!(!verify_user(KEY, SECRET, &auth, SOCKET, r#"{"id":"12346"}"#));
    }

    #[test]
    fn a_signature_fits_one_key_socket_channel_and_data_only() {
        let auth = format!("{KEY}:{}", sign_channel(SECRET, SOCKET, "private-a", Some("x")));
        let verify = |key, auth: &str, socket, channel, data| verify_channel(key, SECRET, auth, socket, channel, data);
        assert!(verify(KEY, &auth, SOCKET, "private-a", Some("x")));
        assert!(!verify("other", &auth, SOCKET, "private-a", Some("x")));
        assert!(!verify(KEY, &auth, "1234.1235", "private-a", Some("x")));
        assert!(!verify(KEY, &auth, SOCKET, "private-b", Some("x")));
        assert!(!verify(KEY, &auth, SOCKET, "private-a", Some("y")));
        assert!(!verify(KEY, &auth, SOCKET, "private-a", None));
        for broken in ["", KEY, ":", &auth[..auth.len() - 2], &auth.replace(':', "::"), "278d425bdf160c739803:zz"] {
            assert!(!verify(KEY, broken, SOCKET, "private-a", Some("x")), "{broken:?}");
        }
    }
}
