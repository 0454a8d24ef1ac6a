//! Sends webhook requests, and retries them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use crate::broadcast::WebhookEvent;
use crate::config::WebhookConfig;
use crate::pusher::{App, AppId, signature};

/// Counts of requests by their outcome, since the start.
#[derive(Debug, Default)]
pub struct WebhookCounts {
    /// Accepted by their URL.
    pub delivered: AtomicU64,
    /// Tries that failed and were repeated.
    pub retried: AtomicU64,
    /// Abandoned, or dropped because the queue was full.
    pub failed: AtomicU64,
}

/// Requests of one app that are under way at once. Each app has its own share, so that one whose server is down keeps
/// nobody else waiting.
const MAX_REQUESTS_PER_APP: usize = 64;
/// How long the last tries may take when the process ends. Clients come back a second after their sockets were closed, and
/// the next process should be there by then.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// One task for each request that was not accepted yet.
pub(super) struct WebhookSender {
    requests: JoinSet<()>,
    max_requests: usize,
    shares: HashMap<AppId, Arc<Semaphore>>,
    client: Client,
    retry_policy: RetryPolicy,
    counts: Arc<WebhookCounts>,
    /// True at shutdown: a retry that waits is made at once.
    is_ending: watch::Sender<bool>,
}

/// How long and how often a request is retried.
#[derive(Debug, Clone, Copy)]
struct RetryPolicy {
    give_up_after: Duration,
    first_pause: Duration,
    answer_timeout: Duration,
}

/// The body of a request: `{"time_ms":1327078148132,"events":[…]}`.
#[derive(Serialize)]
struct WebhookBody<'a> {
    time_ms: u64,
    events: &'a [WebhookEvent],
}

impl WebhookSender {
    pub(super) fn new(client: Client, config: &WebhookConfig) -> Self {
        let retry_policy = RetryPolicy {
            give_up_after: Duration::from_millis(config.retry_ms),
            first_pause: Duration::from_millis(config.pause_ms),
            answer_timeout: Duration::from_millis(config.timeout_ms),
        };
        Self {
            requests: JoinSet::new(),
            max_requests: config.queue,
            shares: HashMap::new(),
            client,
            retry_policy,
            counts: Arc::default(),
            is_ending: watch::Sender::new(false),
        }
    }

    pub(super) fn counts(&self) -> Arc<WebhookCounts> {
        Arc::clone(&self.counts)
    }

    /// Sends the events in one request, from now on and until it is accepted.
    pub(super) fn send(&mut self, app: Arc<App>, webhook: usize, events: &[WebhookEvent]) {
        if self.requests.len() >= self.max_requests {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
            return warn!(app_id = %app.id, "too many webhook requests wait, one is dropped (HUBBUB_WEBHOOK_QUEUE)");
        }
        let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let body = WebhookBody { time_ms: u64::try_from(time_ms).unwrap_or(u64::MAX), events };
        let body = match serde_json::to_vec(&body) {
            Ok(body) => body,
            Err(error) => return warn!(%error, "a webhook's events are no JSON"),
        };
        let share = self.shares.entry(app.id).or_insert_with(|| Arc::new(Semaphore::new(MAX_REQUESTS_PER_APP)));
        let request = WebhookRequest {
            client: self.client.clone(),
            app,
            webhook,
            body,
            share: Arc::clone(share),
            answer_timeout: self.retry_policy.answer_timeout,
        };
        let (retry_policy, counts, is_ending) = (self.retry_policy, self.counts(), self.is_ending.subscribe());
        self.requests.spawn(request.run(retry_policy, counts, is_ending));
    }

    /// Completes when a request is done; never when there is none. Cancel safe.
    pub(super) async fn request_ended(&mut self) {
        if self.requests.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Tries every waiting request once more; what fails then is lost.
    pub(super) async fn finish(mut self) {
        self.is_ending.send_replace(true);
        let ended = async { while self.requests.join_next().await.is_some() {} };
        if timeout(FINISH_TIMEOUT, ended).await.is_err() {
            warn!(requests = self.requests.len(), "webhooks were not delivered before the end");
        }
    }
}

/// One request, on its way to its URL.
struct WebhookRequest {
    client: Client,
    app: Arc<App>,
    webhook: usize,
    body: Vec<u8>,
    share: Arc<Semaphore>,
    answer_timeout: Duration,
}

impl WebhookRequest {
    /// Retries until the URL accepts, or the policy ends.
    async fn run(self, retry_policy: RetryPolicy, counts: Arc<WebhookCounts>, mut is_ending: watch::Receiver<bool>) {
        let end = Instant::now() + retry_policy.give_up_after;
        let mut pause = retry_policy.first_pause;
        loop {
            let is_last = *is_ending.borrow();
            let Err(reason) = self.attempt().await else {
                counts.delivered.fetch_add(1, Ordering::Relaxed);
                return;
            };
            if is_last || Instant::now() + pause > end {
                counts.failed.fetch_add(1, Ordering::Relaxed);
                let url = &self.app.webhooks[self.webhook].url;
                return warn!(app_id = %self.app.id, url, reason, "a webhook request was abandoned");
            }
            counts.retried.fetch_add(1, Ordering::Relaxed);
            debug!(app_id = %self.app.id, reason, "a webhook request is retried");
            // Jitter, so that what failed together does not come back together.
            let pausing = sleep(pause.mul_f64(rand::random_range(0.75..1.25)));
            tokio::select! {
                () = pausing => {}
                _ = is_ending.wait_for(|is_ending| *is_ending) => {}
            }
            pause *= 2;
        }
    }

    async fn attempt(&self) -> Result<(), String> {
        // The semaphore is never closed.
        let _place = self.share.acquire().await.map_err(|closed| closed.to_string())?;
        let webhook = &self.app.webhooks[self.webhook];
        let mut request = self
            .client
            .post(&webhook.url)
            .timeout(self.answer_timeout)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Pusher-Key", &self.app.key)
            .header("X-Pusher-Signature", signature::sign_webhook(&self.app.secret, &self.body));
        for (name, value) in &webhook.headers {
            request = request.header(name, value);
        }
        let answer = request.body(self.body.clone()).send().await.map_err(|error| error.without_url().to_string())?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("the answer was {status}")),
        }
    }
}
