//! Webhooks: tells an app's URLs what happens in its channels.
//!
//! From memory: what a socket node has not delivered when it stops is lost, for it has no database. A URL that fails is
//! tried again for five minutes.

mod courier;
mod held;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::broadcast::{Occurrence, WebhookEvent};
use crate::config::WebhookConfig;
use crate::pusher::{App, AppId, WebhookEventKind};

use courier::Courier;
use held::Held;

pub use courier::WebhookCounts;

/// The actor that listens, holds back and batches; the requests themselves are its courier's.
pub struct Webhooks {
    occurrences: mpsc::Receiver<Occurrence>,
    courier: Courier,
    /// How long a departure is held back.
    hold: Duration,
    /// How long a batch collects.
    batch: Duration,
    held: Held,
    batches: HashMap<(AppId, usize), Batch>,
}

/// How often departures and batches are looked at.
const TICK: Duration = Duration::from_millis(25);

/// Events that wait to go in one request.
struct Batch {
    app: Arc<App>,
    webhook: usize,
    events: Vec<WebhookEvent>,
    due: Instant,
}

impl Webhooks {
    /// Delivers what comes through `occurrences`.
    #[must_use]
    pub fn new(occurrences: mpsc::Receiver<Occurrence>, client: Client, config: &WebhookConfig) -> Self {
        Self {
            occurrences,
            courier: Courier::new(client, config),
            hold: Duration::from_millis(config.hold_ms),
            batch: Duration::from_millis(config.batch_ms),
            held: Held::default(),
            batches: HashMap::new(),
        }
    }

    /// The counts, to be read while it runs.
    #[must_use]
    pub fn counts(&self) -> Arc<WebhookCounts> {
        self.courier.counts()
    }

    /// Delivers until the broadcaster is gone; what waits then is tried once more, and what fails is lost.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_waiting = !self.held.is_empty() || !self.batches.is_empty();
            tokio::select! {
                occurrence = self.occurrences.recv() => match occurrence {
                    Some(occurrence) => self.hear(occurrence),
                    None => break,
                },
                _ = ticks.tick(), if is_waiting => self.look(Instant::now()),
                () = self.courier.request_ended() => {}
            }
        }
        self.look(Instant::now() + self.hold + self.batch);
        self.courier.finish().await;
    }

    fn hear(&mut self, occurrence: Occurrence) {
        match occurrence.event.name {
            WebhookEventKind::ChannelVacated | WebhookEventKind::MemberRemoved => {
                self.held.hold(occurrence, Instant::now() + self.hold);
            }
            WebhookEventKind::ChannelOccupied | WebhookEventKind::MemberAdded => {
                if !self.held.cancel(&occurrence) {
                    self.route(&occurrence);
                }
            }
            WebhookEventKind::ClientEvent | WebhookEventKind::CacheMiss | WebhookEventKind::SubscriptionCount => {
                self.route(&occurrence);
            }
        }
    }

    fn look(&mut self, now: Instant) {
        while let Some(departure) = self.held.take_due(now) {
            self.route(&departure);
        }
        let due: Vec<_> = self.batches.iter().filter(|(_, batch)| batch.due <= now).map(|(key, _)| *key).collect();
        for key in due {
            if let Some(batch) = self.batches.remove(&key) {
                self.courier.send(batch.app, batch.webhook, &batch.events);
            }
        }
    }

    /// Hands an event to every webhook of its app that wants it.
    fn route(&mut self, Occurrence { app, event }: &Occurrence) {
        for (index, webhook) in app.webhooks.iter().enumerate() {
            if !webhook.wants(event.name, &event.channel) {
                continue;
            }
            if webhook.is_batched {
                let due = Instant::now() + self.batch;
                let batch = self.batches.entry((app.id, index));
                let batch =
                    batch.or_insert_with(|| Batch { app: Arc::clone(app), webhook: index, events: Vec::new(), due });
                batch.events.push(event.clone());
            } else {
                self.courier.send(Arc::clone(app), index, std::slice::from_ref(event));
            }
        }
    }
}
