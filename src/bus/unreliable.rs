//! A broker that loses, repeats, delays and reorders events, for tests (`HUBBUB_BUS_FAULTS_PERCENT`): clients must repair
//! everything from the log.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tokio::time::sleep;

use super::{Broker, BusFull, BusMessage, BusState, Envelope};

/// The longest delay of an event.
const MAX_DELAY_MILLIS: u64 = 300;

/// A broker with faults. Control messages pass unchanged: they are in no log from which they could be repaired.
pub struct UnreliableBroker {
    broker: Arc<dyn Broker>,
    /// The share of events that is lost, and of the others the share that comes twice: 0 to 1.
    share: f64,
}

impl UnreliableBroker {
    /// Loses `percent` of the events and repeats as many; each is delayed by up to 300 ms, which also reorders them.
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, percent: u8) -> Self {
        Self { broker, share: f64::from(percent.min(100)) / 100.0 }
    }

    fn publish_with_faults(&self, event: Envelope) {
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
                // The broker counts what it drops.
                let _ = broker.publish(BusMessage::Event(event));
            });
        }
    }
}

impl Broker for UnreliableBroker {
    fn publish(&self, message: BusMessage) -> Result<(), BusFull> {
        match message {
            BusMessage::Event(event) => {
                self.publish_with_faults(event);
                Ok(())
            }
            control @ (BusMessage::Revoke(_) | BusMessage::Terminate(_) | BusMessage::EndCredentials(_)) => {
                self.broker.publish(control)
            }
        }
    }

    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        events.into_iter().for_each(|event| self.publish_with_faults(event));
        Ok(())
    }

    fn state(&self) -> BusState {
        self.broker.state()
    }
}
