//! Limits how many saves of documents are merged at the same time, and how many wait for that.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::DocumentsConfig;

use crate::http::error::{ApiError, Queue};

/// Permits for merging saves. A merge takes time and memory by the document's size, whoever sends it.
pub(crate) struct MergeLimiter {
    /// One for each save that is here, whether it waits or is merged.
    admitted: Semaphore,
    /// One for each save that is merged.
    places: Semaphore,
}

/// The permission to merge one save, until it is dropped.
pub(crate) struct MergePermit<'a> {
    _admitted: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

impl MergeLimiter {
    pub(crate) fn new(config: &DocumentsConfig) -> Self {
        let places = config.document_merges_at_once;
        Self { admitted: Semaphore::new(places + config.max_waiting_document_saves), places: Semaphore::new(places) }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when too many wait already.
    pub(crate) async fn acquire(&self) -> Result<MergePermit<'_>, ApiError> {
        let admitted = self.admitted.try_acquire().map_err(|_| ApiError::Busy(Queue::Merges))?;
        let place = self.places.acquire().await.map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok(MergePermit { _admitted: admitted, _place: place })
    }
}
