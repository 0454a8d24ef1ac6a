//! Webhooks: tells an app's URLs what happens in its channels.
//!
//! From memory: what a socket node has not delivered when it stops is lost, for it has no database. A URL that fails is
//! tried again for five minutes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::{debug, warn};

use crate::broadcast::{Occurrence, WebhookEvent};
use crate::pusher::{App, AppId, WebhookEventKind, signature};

/// When webhooks are told.
#[derive(Debug, Clone, Copy)]
pub struct WebhookTiming {
    /// How long a departure is held back, to be forgotten when the client comes back: 3 s as the hosted service.
    pub hold: Duration,
    /// How long a batch collects.
    pub batch: Duration,
    /// How long a delivery is tried again.
    pub give_up_after: Duration,
    /// How long the first pause between two tries is; each further one is twice as long.
    pub first_pause: Duration,
    /// How long a URL may take to answer.
    pub answer_timeout: Duration,
}

impl Default for WebhookTiming {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(3),
            batch: Duration::from_millis(50),
            give_up_after: Duration::from_secs(300),
            first_pause: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(10),
        }
    }
}

/// What became of deliveries, since the start.
#[derive(Debug, Default)]
pub struct WebhookCounts {
    /// Accepted by their URL.
    pub delivered: AtomicU64,
    /// Tries that failed and were repeated.
    pub retried: AtomicU64,
    /// Given up.
    pub failed: AtomicU64,
}

/// The actor that delivers: one task, and one for each request under way.
pub struct Webhooks {
    occurrences: mpsc::Receiver<Occurrence>,
    client: Client,
    timing: WebhookTiming,
    counts: Arc<WebhookCounts>,
    held: Held,
    batches: HashMap<(AppId, usize), Batch>,
    requests: JoinSet<()>,
}

/// Requests under way at once; while there are so many, events wait in the queue.
const MAX_REQUESTS: usize = 256;
/// How often departures and batches are looked at.
const TICK: Duration = Duration::from_millis(25);

/// Events that wait to go in one request.
struct Batch {
    app: Arc<App>,
    webhook: usize,
    events: Vec<WebhookEvent>,
    due: Instant,
}

/// The body of a request: `{"time_ms":1327078148132,"events":[…]}`.
#[derive(Serialize)]
struct WebhookBody<'a> {
    time_ms: u64,
    events: &'a [WebhookEvent],
}

impl Webhooks {
    /// Delivers what comes through `occurrences`.
    #[must_use]
    pub fn new(occurrences: mpsc::Receiver<Occurrence>, client: Client, timing: WebhookTiming) -> Self {
        Self {
            occurrences,
            client,
            timing,
            counts: Arc::default(),
            held: Held::default(),
            batches: HashMap::new(),
            requests: JoinSet::new(),
        }
    }

    /// The counts, to be read while it runs.
    #[must_use]
    pub fn counts(&self) -> Arc<WebhookCounts> {
        Arc::clone(&self.counts)
    }

    /// Delivers until the broadcaster is gone; what waits then is sent once more, and what fails is lost.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_room = self.requests.len() < MAX_REQUESTS;
            let is_waiting = !self.held.is_empty() || !self.batches.is_empty();
            tokio::select! {
                occurrence = self.occurrences.recv(), if has_room => match occurrence {
                    Some(occurrence) => self.hear(occurrence),
                    None => break,
                },
                _ = ticks.tick(), if is_waiting => self.look(Instant::now()),
                Some(_) = self.requests.join_next() => {}
            }
        }
        self.look(Instant::now() + self.timing.hold + self.timing.batch);
    }

    fn hear(&mut self, occurrence: Occurrence) {
        match occurrence.event.name {
            WebhookEventKind::ChannelVacated | WebhookEventKind::MemberRemoved => {
                self.held.hold(occurrence, Instant::now() + self.timing.hold);
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
                self.send(batch.app, batch.webhook, batch.events);
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
                let due = Instant::now() + self.timing.batch;
                let batch = self.batches.entry((app.id, index));
                let batch =
                    batch.or_insert_with(|| Batch { app: Arc::clone(app), webhook: index, events: Vec::new(), due });
                batch.events.push(event.clone());
            } else {
                self.send(Arc::clone(app), index, vec![event.clone()]);
            }
        }
    }

    fn send(&mut self, app: Arc<App>, webhook: usize, events: Vec<WebhookEvent>) {
        let (client, timing, counts) = (self.client.clone(), self.timing, Arc::clone(&self.counts));
        self.requests.spawn(async move {
            let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let body = WebhookBody { time_ms: u64::try_from(time_ms).unwrap_or(u64::MAX), events: &events };
            match serde_json::to_vec(&body) {
                Ok(body) => deliver(&client, &app, webhook, &body, timing, &counts).await,
                Err(error) => warn!(%error, "a webhook's events are no JSON"),
            }
        });
    }
}

/// Tries until the URL accepts, or for as long as `timing` says.
async fn deliver(
    client: &Client,
    app: &App,
    webhook: usize,
    body: &[u8],
    timing: WebhookTiming,
    counts: &WebhookCounts,
) {
    let end = Instant::now() + timing.give_up_after;
    let mut pause = timing.first_pause;
    loop {
        let Err(reason) = attempt(client, app, webhook, body, timing.answer_timeout).await else {
            counts.delivered.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if Instant::now() + pause > end {
            counts.failed.fetch_add(1, Ordering::Relaxed);
            warn!(app_id = %app.id, url = app.webhooks[webhook].url, reason, "a webhook was given up");
            return;
        }
        counts.retried.fetch_add(1, Ordering::Relaxed);
        debug!(app_id = %app.id, reason, "a webhook is tried again");
        // Jitter, so that what failed together does not come back together.
        sleep(pause.mul_f64(rand::random_range(0.75..1.25))).await;
        pause *= 2;
    }
}

async fn attempt(
    client: &Client,
    app: &App,
    webhook: usize,
    body: &[u8],
    answer_timeout: Duration,
) -> Result<(), String> {
    let webhook = &app.webhooks[webhook];
    let mut request = client
        .post(&webhook.url)
        .timeout(answer_timeout)
        .header(CONTENT_TYPE, "application/json")
        .header("X-Pusher-Key", &app.key)
        .header("X-Pusher-Signature", signature::sign_webhook(&app.secret, body));
    for (name, value) in &webhook.headers {
        request = request.header(name, value);
    }
    let answer = request.body(body.to_vec()).send().await.map_err(|error| error.without_url().to_string())?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the answer was {status}")),
    }
}

/// What a departure and the return that cancels it have in common: a user in a channel, or the channel as a whole.
type Presence = (AppId, String, Option<String>);

/// Departures that wait a moment, for whoever reloads a page is back at once.
#[derive(Default)]
struct Held {
    due: VecDeque<(Instant, Presence)>,
    departures: HashMap<Presence, (Instant, Occurrence)>,
}

impl Held {
    fn presence(Occurrence { app, event }: &Occurrence) -> Presence {
        (app.id, event.channel.clone(), event.user_id.clone())
    }

    fn hold(&mut self, departure: Occurrence, due: Instant) {
        let presence = Self::presence(&departure);
        self.due.push_back((due, presence.clone()));
        self.departures.insert(presence, (due, departure));
    }

    /// Forgets the departure that this return undoes; false when there is none.
    fn cancel(&mut self, back: &Occurrence) -> bool {
        self.departures.remove(&Self::presence(back)).is_some()
    }

    fn take_due(&mut self, now: Instant) -> Option<Occurrence> {
        while self.due.front().is_some_and(|(due, _)| *due <= now) {
            let (due, presence) = self.due.pop_front()?;
            // A departure that was cancelled, or held anew since, is none any more.
            if self.departures.get(&presence).is_some_and(|(current, _)| *current == due) {
                return self.departures.remove(&presence).map(|(_, departure)| departure);
            }
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
