//! Signatures of the Pusher protocol.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs a subscription of one socket to one channel: HMAC-SHA256 in lower-case hex.
#[must_use]
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub fn sign_channel(secret: &str, socket_id: &str, channel: &str, channel_data: Option<&str>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{socket_id}:{channel}").as_bytes());
    if let Some(data) = channel_data {
        mac.update(format!(":{data}").as_bytes());
    }
    hex::encode(mac.finalize().into_bytes())
}
