//! What the API's calls need of the rest of the program.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::broadcast::{Apps, BroadcasterHandle};
use crate::bus::Broker;

use super::idempotency::UsedKeys;

/// The Pusher HTTP API, one for all workers; cheap to clone.
#[derive(Clone)]
pub struct PusherApi {
    inner: Arc<Inner>,
}

struct Inner {
    broadcaster: BroadcasterHandle,
    /// Where events go that applications publish: the same bus that the chat's go through.
    broker: Arc<dyn Broker>,
    used_keys: UsedKeys,
    counts: ApiCounts,
}

/// How many calls came, since the start.
#[derive(Debug, Default)]
pub struct ApiCounts {
    /// Calls whose signature was verified.
    pub accepted: AtomicU64,
    /// Calls that were refused: unknown app, body too large, wrong signature.
    pub refused: AtomicU64,
}

impl PusherApi {
    /// An API that publishes through `broker` and asks `broadcaster` about channels.
    #[must_use]
    pub fn new(broadcaster: BroadcasterHandle, broker: Arc<dyn Broker>) -> Self {
        let inner = Inner { broadcaster, broker, used_keys: UsedKeys::default(), counts: ApiCounts::default() };
        Self { inner: Arc::new(inner) }
    }

    /// The counts, read while the API is served.
    #[must_use]
    pub fn counts(&self) -> &ApiCounts {
        &self.inner.counts
    }

    pub(super) fn apps(&self) -> &Apps {
        self.inner.broadcaster.apps()
    }

    pub(super) fn broadcaster(&self) -> &BroadcasterHandle {
        &self.inner.broadcaster
    }

    pub(super) fn broker(&self) -> &dyn Broker {
        self.inner.broker.as_ref()
    }

    pub(super) fn used_keys(&self) -> &UsedKeys {
        &self.inner.used_keys
    }
}
