//! The bus within one process: the bounded queue of the broadcaster.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::envelope::MissedHeads;
use super::{Broker, BusFull, BusMessage, BusState, ClusterEvent, ClusterMessage, Envelope};

/// What a broadcaster receives from the bus.
#[derive(Debug)]
pub enum BusInput {
    /// A message of this process.
    Message(BusMessage),
    /// A message of another node, or what happened to one.
    Cluster(ClusterEvent),
}

/// Makes the two ends of a bus within this process. When `capacity` events wait, the next one is dropped and its room's head
/// is kept: the receiver sends the head when its queue is empty, and clients read the log.
#[must_use]
pub fn local_bus(capacity: usize) -> (LocalBus, LocalReceiver) {
    let (events, waiting) = mpsc::channel(capacity.max(1));
    let (control, waiting_control) = mpsc::unbounded_channel();
    let missed = Arc::new(MissedHeads::default());
    let bus = LocalBus { events, control, missed: Arc::clone(&missed) };
    (bus, LocalReceiver { events: waiting, control: waiting_control, missed })
}

/// The sending end.
#[derive(Clone)]
pub struct LocalBus {
    events: mpsc::Sender<BusInput>,
    /// Control messages must not be dropped. They need no bound: each stands for a commit, an API call, a subscription or a
    /// node, which are far slower than reading it.
    control: mpsc::UnboundedSender<BusInput>,
    missed: Arc<MissedHeads>,
}

impl LocalBus {
    /// Queues a message of another node, or what happened to one. What is dropped is repaired later: an event by its room's
    /// head, a change of presence by the next digest.
    pub(crate) fn report(&self, event: ClusterEvent) {
        let is_droppable = matches!(
            event,
            ClusterEvent::Message(
                _,
                ClusterMessage::Event(_)
                    | ClusterMessage::ClientEvent(_)
                    | ClusterMessage::Delta(_)
                    | ClusterMessage::Digest(_)
            )
        );
        if !is_droppable {
            // As in `publish`.
            let _ = self.control.send(BusInput::Cluster(event));
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(BusInput::Cluster(ClusterEvent::Message(
            _,
            ClusterMessage::Event(event),
        )))) = self.events.try_send(BusInput::Cluster(event))
        {
            self.missed.note_head(event.channel, event.head);
        }
    }
}

impl Broker for LocalBus {
    fn publish(&self, message: BusMessage) -> Result<(), BusFull> {
        match message {
            // The receiver is gone only when the process shuts down, and its sockets with it.
            message @ (BusMessage::Revoke(_) | BusMessage::Terminate(_) | BusMessage::EndCredentials(_)) => {
                self.control.send(BusInput::Message(message)).map_err(|_| BusFull)
            }
            event @ BusMessage::Event(_) => self.events.try_send(BusInput::Message(event)).map_err(|error| {
                if let mpsc::error::TrySendError::Full(BusInput::Message(BusMessage::Event(envelope))) = error {
                    self.missed.note(envelope);
                }
                BusFull
            }),
        }
    }

    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        let Ok(places) = self.events.try_reserve_many(events.len()) else {
            events.into_iter().for_each(|event| self.missed.note(event));
            return Err(BusFull);
        };
        for (place, event) in places.zip(events) {
            place.send(BusInput::Message(BusMessage::Event(event)));
        }
        Ok(())
    }

    fn state(&self) -> BusState {
        BusState { dropped_events: self.missed.dropped(), waiting: self.waiting(), ..BusState::default() }
    }
}

impl LocalBus {
    fn waiting(&self) -> usize {
        self.events.max_capacity() - self.events.capacity()
    }
}

/// The receiving end, owned by the broadcaster.
pub struct LocalReceiver {
    events: mpsc::Receiver<BusInput>,
    control: mpsc::UnboundedReceiver<BusInput>,
    missed: Arc<MissedHeads>,
}

impl LocalReceiver {
    /// The next message; `None` when every sender is gone. Cancel safe.
    ///
    /// The heads of rooms that lost an event come when the queue is empty.
    pub async fn recv(&mut self) -> Option<BusInput> {
        loop {
            if self.events.is_empty()
                && let Some(head) = self.missed.take_one()
            {
                return Some(BusInput::Message(BusMessage::Event(head)));
            }
            tokio::select! {
                biased;
                Some(message) = self.control.recv() => return Some(message),
                event = self.events.recv() => return event,
                () = self.missed.added() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{Revocation, RoomHead};
    use crate::domain::{RoomId, Seq, Timestamp, UserId};
    use crate::pusher::{AppId, ChannelKey, ChannelName};

    fn room() -> ChannelKey {
        ChannelKey { app: AppId::numbered(1), name: ChannelName::parse("private-room.1").expect("valid") }
    }

    fn event(seq: i64) -> BusMessage {
        BusMessage::Event(RoomHead { room_id: RoomId(1), seq: Seq(seq) }.envelope(room()))
    }

    fn seq_of(news: Option<BusInput>) -> Option<i64> {
        match news {
            Some(BusInput::Message(BusMessage::Event(envelope))) => envelope.head.map(|head| head.seq.0),
            Some(_) | None => None,
        }
    }

    #[tokio::test]
    async fn a_full_bus_drops_events_and_names_the_last_one_when_it_has_room() {
        let (bus, mut receiver) = local_bus(2);
        let carried = [1, 2, 3, 4, 5].map(|seq| bus.publish(event(seq)).is_ok());
        assert_eq!(carried, [true, true, false, false, false]);
        assert_eq!(bus.state().dropped_events, 3);
        for expected in [1, 2, 5] {
            assert_eq!(seq_of(receiver.recv().await), Some(expected));
        }
        assert_eq!(bus.publish(event(6)), Ok(()));
        assert_eq!(seq_of(receiver.recv().await), Some(6));
    }

    #[tokio::test]
    async fn events_that_belong_together_are_carried_together_or_not_at_all() {
        let (bus, mut receiver) = local_bus(2);
        let envelope = |data: &str| Envelope {
            channel: room(),
            event: "e".to_owned(),
            data: data.to_owned(),
            except: None,
            head: None,
            timeline: None,
        };
        assert_eq!(bus.publish_all(vec![envelope("1"), envelope("2")]), Ok(()));
        assert!(receiver.recv().await.is_some());
        assert_eq!(bus.publish_all(vec![envelope("3"), envelope("4")]), Err(BusFull));
        assert_eq!(bus.publish_all(vec![envelope("5")]), Ok(()));
        assert_eq!(bus.state().dropped_events, 2);
        for expected in ["2", "5"] {
            let Some(BusInput::Message(BusMessage::Event(envelope))) = receiver.recv().await else {
                panic!("an event")
            };
            assert_eq!(envelope.data, expected);
        }
    }

    #[tokio::test]
    async fn a_full_bus_still_carries_revocations() {
        let (bus, mut receiver) = local_bus(1);
        assert_eq!(bus.publish(event(1)), Ok(()));
        let channel = room().name;
        let revocation = Revocation { app: AppId::numbered(1), user_id: UserId(1), channel, revoked_at: Timestamp(0) };
        assert_eq!(bus.publish(BusMessage::Revoke(revocation)), Ok(()));
        assert!(matches!(receiver.recv().await, Some(BusInput::Message(BusMessage::Revoke(_)))));
    }
}
