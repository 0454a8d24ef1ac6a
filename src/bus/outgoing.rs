//! The queue of messages to other processes: bounded, in order, read by one task.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::envelope::MissedHeads;
use super::{BusFull, BusMessage, Envelope};

/// A queue of messages. When it is full, the oldest event is dropped and its room's head is sent when there is room again:
/// the newest events matter most, and the log has the rest. Control messages are not dropped: each stands for a commit.
#[derive(Clone)]
pub(super) struct OutgoingQueue {
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
    control: VecDeque<BusMessage>,
    events: VecDeque<Envelope>,
    is_closed: bool,
}

impl OutgoingQueue {
    pub(super) fn new(capacity: usize) -> Self {
        let (queue, added, missed) = (Mutex::default(), Notify::new(), MissedHeads::default());
        Self { inner: Arc::new(Inner { queue, capacity: capacity.max(1), added, missed }) }
    }

    /// Queues a message.
    ///
    /// # Errors
    /// [`BusFull`] when an older event was dropped for it.
    pub(super) fn push(&self, message: BusMessage) -> Result<(), BusFull> {
        let displaced = {
            let mut queue = self.queue();
            match message {
                BusMessage::Event(event) => queue.events.push_back(event),
                message @ (BusMessage::Revoke(_) | BusMessage::Terminate(_) | BusMessage::EndCredentials(_)) => {
                    queue.control.push_back(message);
                }
            }
            (queue.events.len() > self.inner.capacity).then(|| queue.events.pop_front()).flatten()
        };
        self.inner.added.notify_one();
        displaced.map_or(Ok(()), |event| {
            self.inner.missed.note(event);
            Err(BusFull)
        })
    }

    /// Queues several events, all of them or none.
    ///
    /// # Errors
    /// [`BusFull`] when there is no room for all.
    pub(super) fn push_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        let mut queue = self.queue();
        if queue.events.len() + events.len() > self.inner.capacity {
            drop(queue);
            events.into_iter().for_each(|event| self.inner.missed.note(event));
            return Err(BusFull);
        }
        queue.events.extend(events);
        drop(queue);
        self.inner.added.notify_one();
        Ok(())
    }

    /// Notes that an event could not be sent: its room's head will be.
    pub(super) fn note_missed(&self, event: Envelope) {
        self.inner.missed.note(event);
    }

    /// Takes what is sent next: a control message, or else up to `max_events` events. `None` when the queue is closed and
    /// empty. Cancel safe.
    pub(super) async fn take(&self, max_events: usize) -> Option<Outbound> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(message) = queue.control.pop_front() {
                    return Some(Outbound::Control(message));
                }
                if !queue.events.is_empty() {
                    let count = queue.events.len().min(max_events.max(1));
                    return Some(Outbound::Events(queue.events.drain(..count).collect()));
                }
                if let Some(head) = self.inner.missed.take_one() {
                    return Some(Outbound::Events(vec![head]));
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

    /// Closes the queue: [`take`](Self::take) returns `None` when nothing waits any more.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.inner.added.notify_one();
    }

    pub(super) fn len(&self) -> usize {
        let queue = self.queue();
        queue.events.len() + queue.control.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.inner.missed.dropped()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is sent together.
#[derive(Debug)]
pub(super) enum Outbound {
    /// A revocation or a termination.
    Control(BusMessage),
    /// At least one event.
    Events(Vec<Envelope>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{ChatChannel, RoomHead, Termination};
    use crate::domain::{RoomId, Seq};
    use crate::pusher::{AppId, ChannelKey};

    fn event(seq: i64) -> Envelope {
        RoomHead { room_id: RoomId(1), seq: Seq(seq) }
            .envelope(ChannelKey { app: AppId::numbered(1), name: ChatChannel::Room(RoomId(1)).name() })
    }

    async fn seqs(outgoing: &OutgoingQueue, max_events: usize) -> Vec<i64> {
        let Some(Outbound::Events(events)) = outgoing.take(max_events).await else { panic!("events") };
        events.iter().filter_map(|event| event.head).map(|head| head.seq.0).collect()
    }

    #[tokio::test]
    async fn the_oldest_goes_when_it_is_full_and_its_head_is_told_last() {
        let outgoing = OutgoingQueue::new(2);
        let pushed = [1, 2, 3].map(|seq| outgoing.push(BusMessage::Event(event(seq))).is_ok());
        assert_eq!(pushed, [true, true, false]);
        let termination = Termination { app: AppId::numbered(1), user_id: "7".to_owned() };
        assert_eq!(outgoing.push(BusMessage::Terminate(termination)), Ok(()));
        assert!(matches!(outgoing.take(9).await, Some(Outbound::Control(BusMessage::Terminate(_)))));
        assert_eq!(seqs(&outgoing, 9).await, [2, 3]);
        assert_eq!(seqs(&outgoing, 9).await, [1]);
        assert_eq!(outgoing.dropped(), 1);
    }

    #[tokio::test]
    async fn what_waits_leaves_before_the_end() {
        let outgoing = OutgoingQueue::new(5);
        assert_eq!(outgoing.push_all(vec![event(1), event(2), event(3)]), Ok(()));
        assert_eq!(outgoing.push_all(vec![event(4), event(5), event(6)]), Err(BusFull));
        outgoing.close();
        assert_eq!(seqs(&outgoing, 2).await, [1, 2]);
        assert_eq!(seqs(&outgoing, 2).await, [3]);
        assert_eq!(seqs(&outgoing, 2).await, [6], "the head of what did not fit");
        assert!(outgoing.take(2).await.is_none());
    }
}
