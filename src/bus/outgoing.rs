//! What waits to leave this process: in order, bounded, taken by one task.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::missed::MissedHeads;
use super::{BusMessage, Dropped, Envelope};

/// A queue of messages. When it is full the oldest event is dropped, and its room's head sent when there is room again:
/// what happened last matters most, and the log has the rest. Orders are not dropped: each stands for a commit.
#[derive(Clone)]
pub(super) struct Outgoing {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Mutex<Queue>,
    capacity: usize,
    added: Notify,
    missed: MissedHeads,
}

#[derive(Default)]
struct Queue {
    orders: VecDeque<BusMessage>,
    events: VecDeque<Envelope>,
    is_closed: bool,
}

impl Outgoing {
    pub(super) fn new(capacity: usize) -> Self {
        let (queue, added, missed) = (Mutex::default(), Notify::new(), MissedHeads::default());
        Self { inner: Arc::new(Inner { queue, capacity: capacity.max(1), added, missed }) }
    }

    /// Queues a message.
    ///
    /// # Errors
    /// [`Dropped`] when an older event had to go.
    pub(super) fn push(&self, message: BusMessage) -> Result<(), Dropped> {
        let displaced = {
            let mut queue = self.queue();
            match message {
                BusMessage::Event(event) => queue.events.push_back(event),
                order @ (BusMessage::Revoke(_) | BusMessage::Terminate(_)) => queue.orders.push_back(order),
            }
            (queue.events.len() > self.inner.capacity).then(|| queue.events.pop_front()).flatten()
        };
        self.inner.added.notify_one();
        displaced.map_or(Ok(()), |event| {
            self.inner.missed.note(event);
            Err(Dropped)
        })
    }

    /// Queues several events, all of them or none.
    ///
    /// # Errors
    /// [`Dropped`] when there is no room for all.
    pub(super) fn push_all(&self, events: Vec<Envelope>) -> Result<(), Dropped> {
        let mut queue = self.queue();
        if queue.events.len() + events.len() > self.inner.capacity {
            drop(queue);
            events.into_iter().for_each(|event| self.inner.missed.note(event));
            return Err(Dropped);
        }
        queue.events.extend(events);
        drop(queue);
        self.inner.added.notify_one();
        Ok(())
    }

    /// An event could not be sent after all.
    pub(super) fn note_missed(&self, event: Envelope) {
        self.inner.missed.note(event);
    }

    /// What leaves next: an order, or else up to `max_events` events. `None` when the queue is closed and empty. Cancel
    /// safe.
    pub(super) async fn take(&self, max_events: usize) -> Option<Departing> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(order) = queue.orders.pop_front() {
                    return Some(Departing::Order(order));
                }
                if !queue.events.is_empty() {
                    let count = queue.events.len().min(max_events.max(1));
                    return Some(Departing::Events(queue.events.drain(..count).collect()));
                }
                if let Some(head) = self.inner.missed.take_one() {
                    return Some(Departing::Events(vec![head]));
                }
                if queue.is_closed {
                    return None;
                }
            }
            tokio::select! {
                () = self.inner.added.notified() => {}
                () = self.inner.missed.added() => {}
            }
        }
    }

    /// Lets [`take`](Self::take) end once nothing waits.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.inner.added.notify_one();
    }

    pub(super) fn len(&self) -> usize {
        let queue = self.queue();
        queue.events.len() + queue.orders.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.inner.missed.dropped()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What leaves together.
#[derive(Debug)]
pub(super) enum Departing {
    /// A revocation or a termination.
    Order(BusMessage),
    /// At least one event.
    Events(Vec<Envelope>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{RoomHead, Termination};
    use crate::domain::{RoomId, Seq};
    use crate::pusher::AppId;

    fn event(seq: i64) -> Envelope {
        RoomHead { room_id: RoomId(1), seq: Seq(seq) }.envelope(AppId(1), "private-room.1".to_owned())
    }

    async fn seqs(outgoing: &Outgoing, max_events: usize) -> Vec<i64> {
        let Some(Departing::Events(events)) = outgoing.take(max_events).await else { panic!("events") };
        events.iter().filter_map(|event| event.head).map(|head| head.seq.0).collect()
    }

    #[tokio::test]
    async fn the_oldest_goes_when_it_is_full_and_its_head_is_told_last() {
        let outgoing = Outgoing::new(2);
        let pushed = [1, 2, 3].map(|seq| outgoing.push(BusMessage::Event(event(seq))).is_ok());
        assert_eq!(pushed, [true, true, false]);
        let termination = Termination { app: AppId(1), user_id: "7".to_owned() };
        assert_eq!(outgoing.push(BusMessage::Terminate(termination)), Ok(()));
        assert!(matches!(outgoing.take(9).await, Some(Departing::Order(BusMessage::Terminate(_)))));
        assert_eq!(seqs(&outgoing, 9).await, [2, 3]);
        assert_eq!(seqs(&outgoing, 9).await, [1]);
        assert_eq!(outgoing.dropped(), 1);
    }

    #[tokio::test]
    async fn what_waits_leaves_before_the_end() {
        let outgoing = Outgoing::new(5);
        assert_eq!(outgoing.push_all(vec![event(1), event(2), event(3)]), Ok(()));
        assert_eq!(outgoing.push_all(vec![event(4), event(5), event(6)]), Err(Dropped));
        outgoing.close();
        assert_eq!(seqs(&outgoing, 2).await, [1, 2]);
        assert_eq!(seqs(&outgoing, 2).await, [3]);
        assert_eq!(seqs(&outgoing, 2).await, [6], "the head of what did not fit");
        assert!(outgoing.take(2).await.is_none());
    }
}
