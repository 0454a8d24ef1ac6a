//! The actor that decides which URL is sent what, and collects batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::broadcast::{ReturnCheck, WebhookEvent, WebhookTrigger};
use crate::config::WebhookConfig;
use crate::pusher::{App, AppId, ChannelKey, ChannelName, WebhookEventKind};

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
    returns: ReturnCheck,
    /// Departures that are due, and whether they were undone on another node.
    checks: JoinSet<(WebhookTrigger, bool)>,
    batches: HashMap<(AppId, usize), Batch>,
}

/// How often departures and batches are looked at.
const TICK: Duration = Duration::from_millis(25);
/// Departures about which other nodes are asked at once: each is a message to all of them.
const CHECKS_AT_ONCE: usize = 64;
/// How long the other nodes are asked when the process ends.
const LAST_CHECKS: Duration = Duration::from_secs(1);

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
    pub fn new(
        triggers: mpsc::Receiver<WebhookTrigger>,
        client: Client,
        returns: ReturnCheck,
        config: &WebhookConfig,
    ) -> Self {
        Self {
            triggers,
            sender: WebhookSender::new(client, config),
            hold: Duration::from_millis(config.hold_ms),
            batch: Duration::from_millis(config.batch_ms),
            departures: DepartureDebounce::default(),
            returns,
            checks: JoinSet::new(),
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
                Some(checked) = self.checks.join_next(), if !self.checks.is_empty() => {
                    if let Ok((departure, is_back)) = checked {
                        self.checked(&departure, is_back);
                    }
                }
                () = self.sender.request_ended() => {}
            }
        }
        self.flush_rest().await;
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
        while self.checks.len() < CHECKS_AT_ONCE
            && let Some(departure) = self.departures.take_due(now)
        {
            self.check_or_route(departure);
        }
        self.flush_batches(now);
    }

    /// The last departures and batches. Clients that this node has closed may be on another one already.
    async fn flush_rest(&mut self) {
        while let Some(departure) = self.departures.take_due(Instant::now() + self.hold) {
            self.check_or_route(departure);
        }
        let mut checks = std::mem::take(&mut self.checks);
        let all = async {
            while let Some(checked) = checks.join_next().await {
                if let Ok((departure, is_back)) = checked {
                    self.checked(&departure, is_back);
                }
            }
        };
        // What was not answered by then is not told: whether it is so is not known.
        let _ = timeout(LAST_CHECKS, all).await;
        self.flush_batches(Instant::now() + self.batch);
    }

    /// A client may have come back to another node: the others are asked before a departure is told.
    fn check_or_route(&mut self, departure: WebhookTrigger) {
        let channel = ChannelName::parse(&departure.event.channel).ok().filter(|_| self.returns.has_others());
        let Some(name) = channel else { return self.route(&departure) };
        self.departures.ask(&departure);
        let (returns, channel) = (self.returns.clone(), ChannelKey { app: departure.app.id, name });
        self.checks.spawn(async move {
            let is_back = returns.is_back(channel, departure.event.user_id.clone()).await;
            (departure, is_back)
        });
    }

    fn checked(&mut self, departure: &WebhookTrigger, is_back: bool) {
        if self.departures.answered(departure) && !is_back {
            self.route(departure);
        }
    }

    fn flush_batches(&mut self, now: Instant) {
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
