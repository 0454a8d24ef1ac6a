//! JSON that strict parsers accept too.

use serde_json::Value;
use serde_json::value::RawValue;

/// Whether strict parsers take this too. What is only passed on is not looked into otherwise, and half a surrogate pair
/// (`"\ud83d"`) or a number beyond all bounds would have the others' clients refuse the whole frame.
pub(super) fn is_strict(json: &RawValue) -> bool {
    serde_json::from_str::<Value>(json.get()).is_ok()
}
