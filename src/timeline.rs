//! The timeline of one posted message: when each of the six steps happened. The page shows it, and `Server-Timing`.
//!
//! A [`Timeline`] is begun when a POST arrives and handed along with the event. Each step notes its time with one atomic
//! store, so that measuring costs nothing that matters.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lru::LruCache;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{MessageId, Seq, Timestamp};

/// When each step of one request happened, in nanoseconds after it was received; 0: it has not happened.
#[derive(Debug)]
pub struct Timeline {
    /// When the request was received, in UTC.
    received_at: Timestamp,
    /// When the request was received, on a clock that is never set.
    started: Instant,
    parsed: AtomicU64,
    stored: AtomicU64,
    dispatched: AtomicU64,
    heard: AtomicU64,
    written: AtomicU64,
    answered: AtomicU64,
    sockets: AtomicU64,
}

impl Timeline {
    /// Begins at the moment a request is received.
    #[must_use]
    pub fn start() -> Arc<Self> {
        Arc::new(Self {
            received_at: Timestamp::now(),
            started: Instant::now(),
            parsed: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            dispatched: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            written: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            sockets: AtomicU64::new(0),
        })
    }

    fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// Step 2, first half: the request is authenticated and valid.
    pub fn parsed(&self) {
        self.parsed.store(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// Step 2: committed.
    pub fn stored(&self) {
        self.stored.store(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// Step 3: handed to the bus.
    pub fn dispatched(&self) {
        self.dispatched.store(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// Step 4 begins: the broadcaster took it up.
    pub fn heard(&self) {
        self.heard.store(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// Step 4: a hub wrote it to this many sockets. Each hub calls once; the last one's time stays.
    pub fn written(&self, sockets: u64) {
        self.sockets.fetch_add(sockets, Ordering::Relaxed);
        self.written.fetch_max(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// Step 6: the answer is ready.
    pub fn answered(&self) {
        self.answered.store(self.elapsed_ns(), Ordering::Relaxed);
    }

    /// When the event was handed to the bus. The broadcaster may note that it has the event before the handler notes that it has
    /// handed it over; what comes first is the time of both.
    fn dispatched_us(&self) -> Option<u64> {
        let dispatched = micros(&self.dispatched)?;
        Some(micros(&self.heard).map_or(dispatched, |heard| heard.min(dispatched)))
    }

    /// The value of the `Server-Timing` header: the duration of each step and the total, in milliseconds.
    #[must_use]
    pub fn server_timing(&self) -> String {
        let at = |step: &AtomicU64| step.load(Ordering::Relaxed);
        let (parsed, stored, dispatched) = (at(&self.parsed), at(&self.stored), at(&self.dispatched));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds with three decimals need no more than f64 has")]
        let ms = |from: u64, to: u64| to.saturating_sub(from) as f64 / 1e6;
        format!(
            "parse;dur={:.3}, store;dur={:.3}, dispatch;dur={:.3}, total;dur={:.3}",
            ms(0, parsed),
            ms(parsed, stored),
            ms(stored, dispatched),
            ms(0, at(&self.answered))
        )
    }

    /// The steps so far, as the event carries them.
    #[must_use]
    pub fn dispatched_steps(&self) -> DispatchedSteps {
        DispatchedSteps {
            received_at: self.received_at,
            stored_us: micros(&self.stored),
            dispatched_us: Some(self.elapsed_ns() / 1_000),
        }
    }
}

/// Steps 2 and 3, known when the event leaves the handler.
#[derive(Debug, Serialize, ToSchema)]
pub struct DispatchedSteps {
    received_at: Timestamp,
    #[schema(required)]
    stored_us: Option<u64>,
    #[schema(required)]
    dispatched_us: Option<u64>,
}

/// The server's steps of one message: `GET /rooms/{id}/messages/{message}/flow`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineSteps {
    message_id: MessageId,
    seq: Seq,
    received_at: Timestamp,
    #[schema(required)]
    stored_us: Option<u64>,
    #[schema(required)]
    dispatched_us: Option<u64>,
    #[schema(required)]
    heard_us: Option<u64>,
    #[schema(required)]
    written_us: Option<u64>,
    sockets: u64,
    #[schema(required)]
    answered_us: Option<u64>,
}

fn micros(step: &AtomicU64) -> Option<u64> {
    match step.load(Ordering::Relaxed) {
        0 => None,
        nanos => Some(nanos / 1_000),
    }
}

type Timelines = LruCache<MessageId, (Seq, Arc<Timeline>)>;

/// The timelines of the last posted messages, shown in the page. Bounded: a new one displaces the oldest.
#[derive(Debug)]
pub struct TimelineStore {
    /// In the order of posting: reading an entry does not move it. `None`: no timeline is kept (`HUBBUB_FLOW_ENTRIES=0`).
    timelines: Option<Mutex<Timelines>>,
}

impl TimelineStore {
    /// Keeps the timelines of at most `capacity` messages; none when it is 0.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let timelines = NonZeroUsize::new(capacity).map(|capacity| {
            // Grows with what it holds: `LruCache::new` would allocate the whole capacity at once.
            let mut timelines = LruCache::unbounded();
            timelines.resize(capacity);
            Mutex::new(timelines)
        });
        Self { timelines }
    }

    /// Keeps the timeline of a message that was just posted.
    pub fn keep(&self, message_id: MessageId, seq: Seq, timeline: Arc<Timeline>) {
        if let Some(timelines) = &self.timelines {
            timelines.lock().unwrap_or_else(PoisonError::into_inner).put(message_id, (seq, timeline));
        }
    }

    /// The steps of a message so far; `None` when its timeline is not kept, or the message was posted at another server.
    #[must_use]
    pub fn steps(&self, message_id: MessageId) -> Option<TimelineSteps> {
        let timelines = self.timelines.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let (seq, timeline) = timelines.peek(&message_id)?;
        Some(TimelineSteps {
            message_id,
            seq: *seq,
            received_at: timeline.received_at,
            stored_us: micros(&timeline.stored),
            dispatched_us: timeline.dispatched_us(),
            heard_us: micros(&timeline.heard),
            written_us: micros(&timeline.written),
            sockets: timeline.sockets.load(Ordering::Relaxed),
            answered_us: micros(&timeline.answered),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_timeline_displaces_the_oldest() {
        let store = TimelineStore::new(2);
        for id in 1..=3 {
            store.keep(MessageId(id), Seq(id), Timeline::start());
        }
        assert!(store.steps(MessageId(1)).is_none());
        assert!(store.steps(MessageId(2)).is_some() && store.steps(MessageId(3)).is_some());
    }

    #[test]
    fn an_event_is_never_heard_before_it_was_dispatched() {
        let timeline = Timeline::start();
        timeline.heard();
        std::thread::sleep(std::time::Duration::from_millis(2));
        timeline.dispatched();
        let store = TimelineStore::new(1);
        store.keep(MessageId(1), Seq(1), timeline);
        let steps = store.steps(MessageId(1)).expect("kept");
        assert!(steps.dispatched_us.is_some() && steps.dispatched_us <= steps.heard_us);
    }

    #[test]
    fn the_sockets_of_all_hubs_are_added() {
        let timeline = Timeline::start();
        timeline.written(3);
        timeline.written(4);
        let store = TimelineStore::new(1);
        store.keep(MessageId(1), Seq(1), timeline);
        assert_eq!(store.steps(MessageId(1)).map(|steps| steps.sockets), Some(7));
    }
}
