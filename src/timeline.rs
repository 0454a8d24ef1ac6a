//! The time line of one message through the server: what the flow view and `Server-Timing` show.
//!
//! A [`Timeline`] is begun when a POST arrives and handed along with the event. Each step notes its time with one atomic
//! store, so the measurement costs nothing that the measured would feel.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{MessageId, Seq, Timestamp};

/// When each step of one request happened, in nanoseconds after it was received; 0 stands for "not yet".
#[derive(Debug)]
pub struct Timeline {
    /// When the request was received, for people.
    received_at: Timestamp,
    /// When the request was received, on the clock that never jumps.
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

    /// The value of the `Server-Timing` header: the steps' own durations and the whole, in milliseconds.
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
pub struct Flow {
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

/// The timelines of the last messages, for the flow view. Bounded: the oldest goes when a new one comes.
#[derive(Debug)]
pub struct TimelineStore {
    entries: Mutex<Entries>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Entries {
    timelines: HashMap<MessageId, (Seq, Arc<Timeline>)>,
    oldest_first: VecDeque<MessageId>,
}

impl TimelineStore {
    /// A book of at most `capacity` messages.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { entries: Mutex::default(), capacity }
    }

    /// Keeps the timeline of a message that was just posted.
    pub fn keep(&self, message_id: MessageId, seq: Seq, timeline: Arc<Timeline>) {
        if self.capacity == 0 {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while entries.oldest_first.len() >= self.capacity {
            if let Some(oldest) = entries.oldest_first.pop_front() {
                entries.timelines.remove(&oldest);
            }
        }
        entries.oldest_first.push_back(message_id);
        entries.timelines.insert(message_id, (seq, timeline));
    }

    /// The steps of a message; `None` when it is too old, or was posted remote.
    #[must_use]
    pub fn flow(&self, message_id: MessageId) -> Option<Flow> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (seq, timeline) = entries.timelines.get(&message_id)?;
        Some(Flow {
            message_id,
            seq: *seq,
            received_at: timeline.received_at,
            stored_us: micros(&timeline.stored),
            dispatched_us: micros(&timeline.dispatched),
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
    fn the_book_forgets_the_oldest_first() {
        let book = TimelineStore::new(2);
        for id in 1..=3 {
            book.keep(MessageId(id), Seq(id), Timeline::start());
        }
        assert!(book.flow(MessageId(1)).is_none());
        assert!(book.flow(MessageId(2)).is_some() && book.flow(MessageId(3)).is_some());
    }

    #[test]
    fn the_sockets_of_all_hubs_are_added() {
        let timeline = Timeline::start();
        timeline.written(3);
        timeline.written(4);
        let book = TimelineStore::new(1);
        book.keep(MessageId(1), Seq(1), timeline);
        assert_eq!(book.flow(MessageId(1)).map(|flow| flow.sockets), Some(7));
    }
}
