//! What the database last answered to the question whether it is ready.

use std::time::Instant;

use tokio::sync::Mutex;

use crate::store::engine::error::StoreError;

/// The last answer, and the name under which this process writes.
pub(in crate::store) struct Readiness {
    pub(super) process: String,
    pub(super) last: Mutex<Option<(Instant, Result<(), StoreError>)>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { process: format!("{:016x}", rand::random::<u64>()), last: Mutex::default() }
    }
}
