//! The bus within one process: the broadcaster's bounded mailbox for events.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::missed::MissedHeads;
use super::{BusMessage, BusState, Carrier, Dropped, Envelope, News, PeerMessage, PeerNews};

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
#[derive(Clone)]
pub struct LocalBus {
    events: mpsc::Sender<News>,
    /// Orders must not be dropped. They need no bound: each stands for a commit, an API call, a subscription or a node,
    /// which are far slower than reading it.
    orders: mpsc::UnboundedSender<News>,
    missed: Arc<MissedHeads>,
}

impl LocalBus {
    /// Hands over what another process said, or what became of it. What is dropped is made good later: an event by the
    /// room's head, a change of presence by the next digest.
    pub(crate) fn report(&self, news: PeerNews) {
        let is_droppable = matches!(
            news,
            PeerNews::Said(
                _,
                PeerMessage::Event(_) | PeerMessage::ClientEvent(_) | PeerMessage::Changed(_) | PeerMessage::Digest(_)
            )
        );
        if !is_droppable {
            // As in `carry`.
            let _ = self.orders.send(News::Peer(news));
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(News::Peer(PeerNews::Said(_, PeerMessage::Event(event))))) =
            self.events.try_send(News::Peer(news))
        {
            self.missed.note_head(event.channel.app, event.channel.name.to_string(), event.head);
        }
    }
}

impl Carrier for LocalBus {
    fn carry(&self, message: BusMessage) -> Result<(), Dropped> {
        match message {
            // The receiver is gone only when the process shuts down, and its sockets with it.
            order @ (BusMessage::Revoke(_) | BusMessage::Terminate(_)) => {
                self.orders.send(News::Message(order)).map_err(|_| Dropped)
            }
            event @ BusMessage::Event(_) => self.events.try_send(News::Message(event)).map_err(|error| {
                if let mpsc::error::TrySendError::Full(News::Message(BusMessage::Event(envelope))) = error {
                    self.missed.note(envelope);
                }
                Dropped
            }),
        }
    }

    fn carry_all(&self, events: Vec<Envelope>) -> Result<(), Dropped> {
        let Ok(places) = self.events.try_reserve_many(events.len()) else {
            events.into_iter().for_each(|event| self.missed.note(event));
            return Err(Dropped);
        };
        for (place, event) in places.zip(events) {
            place.send(News::Message(BusMessage::Event(event)));
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

/// The receiving end, held by the broadcaster.
pub struct LocalReceiver {
    events: mpsc::Receiver<News>,
    orders: mpsc::UnboundedReceiver<News>,
    missed: Arc<MissedHeads>,
}

impl LocalReceiver {
    /// The next message; `None` when every sender is gone. Cancel safe.
    ///
    /// The heads of rooms that lost an event come once the queue has drained.
    pub async fn recv(&mut self) -> Option<News> {
        loop {
            if self.events.is_empty()
                && let Some(head) = self.missed.take_one()
            {
                return Some(News::Message(BusMessage::Event(head)));
            }
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => return Some(order),
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
    use crate::pusher::AppId;

    fn event(seq: i64) -> BusMessage {
        BusMessage::Event(
            RoomHead { room_id: RoomId(1), seq: Seq(seq) }.envelope(AppId(1), "private-room.1".to_owned()),
        )
    }

    fn seq_of(news: Option<News>) -> Option<i64> {
        match news {
            Some(News::Message(BusMessage::Event(envelope))) => envelope.head.map(|head| head.seq.0),
            Some(_) | None => None,
        }
    }

    #[tokio::test]
    async fn a_full_bus_drops_events_and_names_the_last_one_when_it_has_room() {
        let (bus, mut receiver) = local_bus(2);
        let carried = [1, 2, 3, 4, 5].map(|seq| bus.carry(event(seq)).is_ok());
        assert_eq!(carried, [true, true, false, false, false]);
        assert_eq!(bus.state().dropped_events, 3);
        for expected in [1, 2, 5] {
            assert_eq!(seq_of(receiver.recv().await), Some(expected));
        }
        assert_eq!(bus.carry(event(6)), Ok(()));
        assert_eq!(seq_of(receiver.recv().await), Some(6));
    }

    #[tokio::test]
    async fn events_that_belong_together_are_carried_together_or_not_at_all() {
        let (bus, mut receiver) = local_bus(2);
        let envelope = |data: &str| Envelope {
            app: AppId(1),
            channel: "c".to_owned(),
            event: "e".to_owned(),
            data: data.to_owned(),
            except: None,
            head: None,
            trace: None,
        };
        assert_eq!(bus.carry_all(vec![envelope("1"), envelope("2")]), Ok(()));
        assert!(receiver.recv().await.is_some());
        assert_eq!(bus.carry_all(vec![envelope("3"), envelope("4")]), Err(Dropped));
        assert_eq!(bus.carry_all(vec![envelope("5")]), Ok(()));
        assert_eq!(bus.state().dropped_events, 2);
        for expected in ["2", "5"] {
            let Some(News::Message(BusMessage::Event(envelope))) = receiver.recv().await else { panic!("an event") };
            assert_eq!(envelope.data, expected);
        }
    }

    #[tokio::test]
    async fn a_full_bus_still_carries_revocations() {
        let (bus, mut receiver) = local_bus(1);
        assert_eq!(bus.carry(event(1)), Ok(()));
        let channel = "private-room.1".to_owned();
        let revocation = Revocation { app: AppId(1), user_id: UserId(1), channel, revoked_at: Timestamp(0) };
        assert_eq!(bus.carry(BusMessage::Revoke(revocation)), Ok(()));
        assert!(matches!(receiver.recv().await, Some(News::Message(BusMessage::Revoke(_)))));
    }
}
