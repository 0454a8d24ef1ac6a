//! The trail of what matters for security. An entry is written in the transaction of what it tells.
//!
//! - `trail`: writing entries, and a log line for each.
//! - `entries`: reading them, and removing old ones.

pub(super) mod entries;
pub(super) mod trail;
