//! An object of the API as text.

use serde::Serialize;

/// A payload of this module as JSON text.
#[must_use]
#[expect(clippy::expect_used, reason = "payloads have string keys and no fallible serialisers")]
pub fn to_text(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("payloads are serialisable")
}
