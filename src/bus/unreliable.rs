//! A bus that loses, repeats, delays and overtakes: for tests. Whatever it does, the log must make it good.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tokio::time::sleep;

use super::{Broker, BusFull, BusMessage, BusState, Envelope};

/// How long an event may be under way.
const MAX_DELAY_MILLIS: u64 = 300;

/// A broker with faults. Orders pass unharmed: nothing but the log makes good what it carries, and they are not in it.
pub struct UnreliableBroker {
    broker: Arc<dyn Broker>,
    /// The share of events that is lost, and of the others the share that comes twice: 0 to 1.
    share: f64,
}

impl UnreliableBroker {
    /// Has `percent` of the events lost and as many repeated; each is delayed by up to 300 ms, and so may be overtaken.
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, percent: u8) -> Self {
        Self { broker, share: f64::from(percent.min(100)) / 100.0 }
    }

    fn mistreat(&self, event: Envelope) {
        let mut chance = rand::rng();
        if chance.random_bool(self.share) {
            return;
        }
        let copies = if chance.random_bool(self.share) { 2 } else { 1 };
        for _ in 0..copies {
            let (broker, event) = (Arc::clone(&self.broker), event.clone());
            let delay = Duration::from_millis(chance.random_range(0..MAX_DELAY_MILLIS));
            tokio::spawn(async move {
                sleep(delay).await;
                // As everywhere: what is dropped is counted there.
                let _ = broker.publish(BusMessage::Event(event));
            });
        }
    }
}

impl Broker for UnreliableBroker {
    fn publish(&self, message: BusMessage) -> Result<(), BusFull> {
        match message {
            BusMessage::Event(event) => {
                self.mistreat(event);
                Ok(())
            }
            order @ (BusMessage::Revoke(_) | BusMessage::Terminate(_)) => self.broker.publish(order),
        }
    }

    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        events.into_iter().for_each(|event| self.mistreat(event));
        Ok(())
    }

    fn state(&self) -> BusState {
        self.broker.state()
    }
}
