//! The actor that decides which URL is sent what, and collects batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::broadcast::{WebhookEvent, WebhookTrigger};
use crate::config::WebhookConfig;
use crate::pusher::{App, AppId, WebhookEventKind};

use super::debounce::DepartureDebounce;
use super::sender::{WebhookCounts, WebhookSender};

/// The actor that receives hook events, debounces departures and collects batches; the sender makes the requests.
pub struct Webhooks {
    triggers: mpsc::Receiver<WebhookTrigger>,
    sender: WebhookSender,
    /// How long a departure is held back.
    hold: Duration,
    /// How long a batch collects.
    batch: Duration,
    departures: DepartureDebounce,
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
    /// Delivers what comes through `triggers`.
    #[must_use]
    pub fn new(triggers: mpsc::Receiver<WebhookTrigger>, client: Client, config: &WebhookConfig) -> Self {
        Self {
            triggers,
            sender: WebhookSender::new(client, config),
            hold: Duration::from_millis(config.hold_ms),
            batch: Duration::from_millis(config.batch_ms),
            departures: DepartureDebounce::default(),
            batches: HashMap::new(),
        }
    }

    /// The counts, to be read while it runs.
    #[must_use]
    pub fn counts(&self) -> Arc<WebhookCounts> {
        self.sender.counts()
    }

    /// Delivers until the broadcaster is gone; what waits then is tried once more, and what fails is lost.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_waiting = !self.departures.is_empty() || !self.batches.is_empty();
            tokio::select! {
                trigger = self.triggers.recv() => match trigger {
                    Some(trigger) => self.handle(trigger),
                    None => break,
                },
                _ = ticks.tick(), if is_waiting => self.flush_due(Instant::now()),
                () = self.sender.request_ended() => {}
            }
        }
        self.flush_due(Instant::now() + self.hold + self.batch);
        self.sender.finish().await;
    }

    fn handle(&mut self, trigger: WebhookTrigger) {
        match trigger.event.name {
            WebhookEventKind::ChannelVacated | WebhookEventKind::MemberRemoved => {
                let due = Instant::from_std(trigger.at) + self.hold;
                self.departures.hold(trigger, due);
            }
            WebhookEventKind::ChannelOccupied | WebhookEventKind::MemberAdded => {
                if !self.departures.cancel(&trigger) {
                    self.route(&trigger);
                }
            }
            WebhookEventKind::ClientEvent | WebhookEventKind::CacheMiss | WebhookEventKind::SubscriptionCount => {
                self.route(&trigger);
            }
        }
    }

    fn flush_due(&mut self, now: Instant) {
        while let Some(departure) = self.departures.take_due(now) {
            self.route(&departure);
        }
        let due: Vec<_> = self.batches.iter().filter(|(_, batch)| batch.due <= now).map(|(key, _)| *key).collect();
        for key in due {
            if let Some(batch) = self.batches.remove(&key) {
                self.sender.send(batch.app, batch.webhook, &batch.events);
            }
        }
    }

    /// Hands an event to every webhook of its app that wants it.
    fn route(&mut self, WebhookTrigger { app, event, .. }: &WebhookTrigger) {
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
                self.sender.send(Arc::clone(app), index, std::slice::from_ref(event));
            }
        }
    }
}
