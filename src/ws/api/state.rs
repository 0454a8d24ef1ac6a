//! What the API's workers share.

use std::sync::atomic::AtomicU64;

use super::idempotency::Published;

/// The state of the API, one for all workers.
#[derive(Debug, Default)]
pub struct ApiState {
    pub(super) published: Published,
    /// Calls that were believed, since the start.
    pub accepted: AtomicU64,
    /// Calls that were not: their app, their size, their signature.
    pub refused: AtomicU64,
}
