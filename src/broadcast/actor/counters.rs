//! Counters of the broadcaster and its hubs, for metrics.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::pusher::AppId;

/// Counters since the start, shared by the broadcaster and all hubs. A delivery is counted once for all of its sockets, so
/// that counting costs little beside sending.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sockets that were opened.
    pub sockets_opened: AtomicU64,
    /// Sockets that were closed because their client read too slowly.
    pub sockets_too_slow: AtomicU64,
    /// Channels that have a socket at the moment.
    pub channels: AtomicUsize,
    /// Subscriptions at the moment.
    pub subscriptions: AtomicUsize,
    /// Events that came over the bus.
    pub events_heard: AtomicU64,
    /// Events that clients sent to each other.
    pub client_events: AtomicU64,
    /// Frames of channels that were queued for their sockets.
    pub frames_sent: AtomicU64,
    /// Bytes that were not sent because these frames were deflated.
    pub bytes_saved: AtomicU64,
    /// Best-effort frames that were dropped: typing, presence, counts.
    pub best_effort_dropped: AtomicU64,
    /// Webhook events that were dropped because the queue was full.
    pub webhook_events_missed: AtomicU64,
    /// Sockets that are open, by app. Locked when one opens or closes, never when an event is sent.
    pub sockets_by_app: Mutex<HashMap<AppId, usize>>,
    /// Connections that were refused, by reason.
    pub connections_refused: CountsByReason,
    /// Subscriptions and sign-ins that were refused, by reason.
    pub subscriptions_refused: CountsByReason,
}

/// Counters that are named by a reason. Refusals are rare beside deliveries, so that a lock costs nothing.
#[derive(Debug, Default)]
pub struct CountsByReason(Mutex<BTreeMap<&'static str, u64>>);

impl CountsByReason {
    /// Counts one more.
    pub fn count(&self, reason: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// The counts so far.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(reason, count)| (*reason, *count)).collect()
    }
}

/// To how many sockets one frame was queued, or not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeliveryCounts {
    pub(crate) queued: u64,
    pub(crate) bytes_saved: u64,
    pub(crate) dropped: u64,
    pub(crate) too_slow: u64,
}

impl Counters {
    /// How many sockets an app has here.
    #[must_use]
    pub fn sockets_of(&self, app: AppId) -> usize {
        self.sockets_by_app.lock().unwrap_or_else(PoisonError::into_inner).get(&app).copied().unwrap_or_default()
    }

    pub(crate) fn add(&self, sent: DeliveryCounts) {
        self.frames_sent.fetch_add(sent.queued, Ordering::Relaxed);
        let others = [
            (&self.bytes_saved, sent.bytes_saved),
            (&self.best_effort_dropped, sent.dropped),
            (&self.sockets_too_slow, sent.too_slow),
        ];
        for (count, more) in others {
            // Most deliveries are short and arrive: they touch one counter.
            if more > 0 {
                count.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
