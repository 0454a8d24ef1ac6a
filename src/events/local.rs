//! The bus within one process: the broadcaster's bounded mailbox for events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::pusher::AppId;

use super::{BusMessage, Carrier, Dropped, Envelope, RoomHead};

/// Makes the two ends of a bus within this process. When `capacity` messages wait, the next event is dropped and its
/// room's head remembered: the receiver tells the clients as soon as it has room again, and they read the log.
#[must_use]
pub fn local_bus(capacity: usize) -> (LocalBus, LocalReceiver) {
    let (events, waiting) = mpsc::channel(capacity.max(1));
    let (orders, waiting_orders) = mpsc::unbounded_channel();
    let missed = Arc::new(MissedHeads::default());
    let bus = LocalBus { events, orders, missed: Arc::clone(&missed) };
    (bus, LocalReceiver { events: waiting, orders: waiting_orders, missed })
}

/// The sending end.
pub struct LocalBus {
    events: mpsc::Sender<BusMessage>,
    /// Orders must not be dropped. They need no bound: each stands for a commit or an API call, which are far slower than
    /// reading it.
    orders: mpsc::UnboundedSender<BusMessage>,
    missed: Arc<MissedHeads>,
}

impl LocalBus {
    /// Events dropped since the start because the broadcaster's mailbox was full.
    #[must_use]
    pub fn dropped_events(&self) -> u64 {
        self.missed.dropped.load(Ordering::Relaxed)
    }
}

impl Carrier for LocalBus {
    fn carry(&self, message: BusMessage) -> Result<(), Dropped> {
        match message {
            // The receiver is gone only when the process shuts down, and its sockets with it.
            order @ (BusMessage::Revoke(_) | BusMessage::Terminate(_)) => self.orders.send(order).map_err(|_| Dropped),
            event @ BusMessage::Event(_) => self.events.try_send(event).map_err(|error| {
                if let mpsc::error::TrySendError::Full(BusMessage::Event(envelope)) = error {
                    self.missed.note(envelope);
                }
                Dropped
            }),
        }
    }
}

/// The receiving end, held by the broadcaster.
pub struct LocalReceiver {
    events: mpsc::Receiver<BusMessage>,
    orders: mpsc::UnboundedReceiver<BusMessage>,
    missed: Arc<MissedHeads>,
}

impl LocalReceiver {
    /// The next message; `None` when every sender is gone. Cancel safe.
    ///
    /// The heads of rooms that lost an event come once the queue has drained.
    pub async fn recv(&mut self) -> Option<BusMessage> {
        loop {
            if self.events.is_empty()
                && let Some(head) = self.missed.take_one()
            {
                return Some(BusMessage::Event(head));
            }
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => return Some(order),
                event = self.events.recv() => return event,
                () = self.missed.added.notified() => {}
            }
        }
    }
}

/// Rooms whose clients missed an event, with the last one missed.
#[derive(Default)]
struct MissedHeads {
    heads: Mutex<HashMap<(AppId, String), RoomHead>>,
    /// Spares the receiver the lock while nothing is missing.
    any: AtomicBool,
    /// Wakes a receiver that emptied its queue just before a head was noted.
    added: Notify,
    dropped: AtomicU64,
}

impl MissedHeads {
    fn note(&self, envelope: Envelope) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let Some(head) = envelope.head else { return };
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heads.entry((envelope.app, envelope.channel)).or_insert(head);
        last.seq = last.seq.max(head.seq);
        self.any.store(true, Ordering::Release);
        self.added.notify_one();
    }

    fn take_one(&self) -> Option<Envelope> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = heads.keys().next().cloned();
        let taken = channel.and_then(|channel| heads.remove_entry(&channel));
        self.any.store(!heads.is_empty(), Ordering::Release);
        taken.map(|((app, channel), head)| head.envelope(app, channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RoomId, Seq, Timestamp, UserId};
    use crate::events::Revocation;

    fn event(seq: i64) -> BusMessage {
        BusMessage::Event(
            RoomHead { room_id: RoomId(1), seq: Seq(seq) }.envelope(AppId(1), "private-room.1".to_owned()),
        )
    }

    fn seq_of(message: Option<BusMessage>) -> Option<i64> {
        match message {
            Some(BusMessage::Event(envelope)) => envelope.head.map(|head| head.seq.0),
            Some(BusMessage::Revoke(_) | BusMessage::Terminate(_)) | None => None,
        }
    }

    #[tokio::test]
    async fn a_full_bus_drops_events_and_names_the_last_one_when_it_has_room() {
        let (bus, mut receiver) = local_bus(2);
        let carried = [1, 2, 3, 4, 5].map(|seq| bus.carry(event(seq)).is_ok());
        assert_eq!(carried, [true, true, false, false, false]);
        assert_eq!(bus.dropped_events(), 3);
        for expected in [1, 2, 5] {
            assert_eq!(seq_of(receiver.recv().await), Some(expected));
        }
        assert_eq!(bus.carry(event(6)), Ok(()));
        assert_eq!(seq_of(receiver.recv().await), Some(6));
    }

    #[tokio::test]
    async fn a_full_bus_still_carries_revocations() {
        let (bus, mut receiver) = local_bus(1);
        assert_eq!(bus.carry(event(1)), Ok(()));
        let channel = "private-room.1".to_owned();
        let revocation = Revocation { app: AppId(1), user_id: UserId(1), channel, revoked_at: Timestamp(0) };
        assert_eq!(bus.carry(BusMessage::Revoke(revocation)), Ok(()));
        assert!(matches!(receiver.recv().await, Some(BusMessage::Revoke(_))));
    }
}
