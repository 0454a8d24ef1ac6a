//! Rooms that lost an event on the bus. Their clients are sent the last `seq` of the log, and read it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::pusher::ChannelKey;

use super::{Envelope, RoomHead};

/// The channels of rooms whose event was dropped, with the last event of each.
#[derive(Default)]
pub(super) struct MissedHeads {
    heads: Mutex<HashMap<ChannelKey, RoomHead>>,
    /// Lets the receiver skip the lock while nothing was dropped.
    any: AtomicBool,
    /// Wakes a receiver that emptied its queue just before a head was noted.
    added: Notify,
    dropped: AtomicU64,
}

impl MissedHeads {
    /// Notes that an event was dropped.
    pub(super) fn note(&self, envelope: Envelope) {
        self.note_head(envelope.channel, envelope.head);
    }

    /// The same, for an event that is encoded already.
    pub(super) fn note_head(&self, channel: ChannelKey, head: Option<RoomHead>) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let Some(head) = head else { return };
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heads.entry(channel).or_insert(head);
        last.seq = last.seq.max(head.seq);
        self.any.store(true, Ordering::Release);
        self.added.notify_one();
    }

    /// Takes the head of one of the rooms, as the event `room.head`.
    pub(super) fn take_one(&self) -> Option<Envelope> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = heads.keys().next().cloned();
        let taken = channel.and_then(|channel| heads.remove_entry(&channel));
        self.any.store(!heads.is_empty(), Ordering::Release);
        taken.map(|(channel, head)| head.envelope(channel))
    }

    /// Completes when a head was added. Cancel safe.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    /// Events dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
