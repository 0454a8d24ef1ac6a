//! The bus to a socket server of any make, over the signed HTTP API of Pusher.
//!
//! One task sends one request after the other, so that events stay in order. Events that were queued meanwhile go in one
//! batch. While the server cannot be reached, requests are retried with exponential backoff.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::config::PusherServer;
use crate::domain::EndedCredential;
use crate::pusher::{ApiCall, sign_call};

use super::outgoing::{Outbound, OutgoingQueue};
use super::{Broker, BusFull, BusMessage, BusState, CredentialsEnded, Envelope, Revocation, Termination};

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after the first failure, and the longest. The pause doubles and is multiplied by a random factor up to 1.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The broker that publishes to a Pusher server.
#[derive(Clone)]
pub struct PusherBus {
    outgoing: OutgoingQueue,
    counts: Arc<Counts>,
}

/// Its counters.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    is_away: AtomicBool,
}

/// The publishing task.
struct Publisher {
    server: PusherServer,
    client: Client,
    max_batch: usize,
    outgoing: OutgoingQueue,
    counts: Arc<Counts>,
}

/// `{"name":"message.posted","channel":"private-room.1","data":"…","socket_id":"1.2"}`.
#[derive(Serialize)]
struct PublishedEvent<'a> {
    name: &'a str,
    channel: &'a str,
    data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket_id: Option<String>,
}

#[derive(Serialize)]
struct Batch<'a> {
    batch: &'a [PublishedEvent<'a>],
}

/// Why a call failed.
enum Failure {
    /// It may succeed later.
    Away(String),
    /// The server refuses it: its status and text.
    Refused(StatusCode, String),
}

impl PusherBus {
    /// Makes a bus to `server`, and its task. The task ends after [`close`](Self::close) when the queue is empty. At most
    /// `capacity` events wait, and `max_batch` go in one request.
    pub fn new(
        server: PusherServer,
        client: Client,
        capacity: usize,
        max_batch: usize,
    ) -> (Self, impl Future<Output = ()>) {
        let (outgoing, counts) = (OutgoingQueue::new(capacity), Arc::<Counts>::default());
        let bus = Self { outgoing: outgoing.clone(), counts: Arc::clone(&counts) };
        (bus, Publisher { server, client, max_batch, outgoing, counts }.run())
    }

    /// Closes the queue; what waits in it is still sent.
    pub fn close(&self) {
        self.outgoing.close();
    }
}

impl Broker for PusherBus {
    fn publish(&self, message: BusMessage) -> Result<(), BusFull> {
        self.outgoing.push(message)
    }

    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        self.outgoing.push_all(events)
    }

    fn state(&self) -> BusState {
        BusState {
            is_connected: !self.counts.is_away.load(Ordering::Relaxed),
            waiting: self.outgoing.len(),
            dropped_events: self.outgoing.dropped(),
            sent: self.counts.sent.load(Ordering::Relaxed),
            ..BusState::default()
        }
    }
}

impl Publisher {
    async fn run(self) {
        while let Some(departing) = self.outgoing.take(self.max_batch).await {
            match departing {
                Outbound::Events(events) => self.publish(events).await,
                Outbound::Control(BusMessage::Revoke(revocation)) => self.revoke(&revocation).await,
                Outbound::Control(BusMessage::Terminate(termination)) => self.terminate(&termination).await,
                Outbound::Control(BusMessage::EndCredentials(ended)) => self.end_credentials(&ended).await,
                // The queue keeps events apart.
                Outbound::Control(BusMessage::Event(event)) => self.publish(vec![event]).await,
            }
        }
    }

    /// Publishes events in one batch. When the server refuses it, one by one: only one of them may be the reason.
    async fn publish(&self, events: Vec<Envelope>) {
        if events.len() > 1 {
            let batch: Vec<_> = events.iter().map(PublishedEvent::from).collect();
            if self.call("batch_events", &Batch { batch: &batch }).await.is_ok() {
                return self.count(events.len());
            }
        }
        for event in events {
            match self.call("events", &PublishedEvent::from(&event)).await {
                Ok(()) => self.count(1),
                Err((status, reason)) => self.give_up(event, status, &reason),
            }
        }
    }

    /// An event that the server refuses, for example because of its size. Its room's head is sent instead, and clients read
    /// the log.
    fn give_up(&self, event: Envelope, status: StatusCode, reason: &str) {
        warn!(%status, reason, channel = event.channel.name.as_str(), event = event.event, "the socket server refuses an event");
        if event.event != "room.head" {
            self.outgoing.note_missed(event);
        }
    }

    /// Pusher's HTTP API has no call for it. Hubbub's socket server has one (`POST /apps/{id}/revoke`); on another server the
    /// user's connections are terminated: the client reconnects and is refused the channel.
    async fn revoke(&self, revocation: &Revocation) {
        match self.call("revoke", revocation).await {
            Ok(()) => {}
            Err((StatusCode::NOT_FOUND, _)) => {
                let user_id = revocation.user_id.to_string();
                self.terminate(&Termination { app: revocation.app, user_id }).await;
            }
            Err((status, reason)) => warn!(%status, reason, "the socket server refuses a revocation"),
        }
    }

    /// As [`revoke`](Self::revoke): Hubbub's own call is `POST /apps/{id}/end_credentials`. On another server the connections
    /// of these users are terminated once, and a reminder does nothing.
    async fn end_credentials(&self, ended: &CredentialsEnded) {
        match self.call("end_credentials", ended).await {
            Ok(()) => {}
            Err((StatusCode::NOT_FOUND, _)) if ended.is_reminder => {}
            Err((StatusCode::NOT_FOUND, _)) => {
                for EndedCredential { user_id, .. } in &ended.ended {
                    self.terminate(&Termination { app: ended.app, user_id: user_id.to_string() }).await;
                }
            }
            Err((status, reason)) => warn!(%status, reason, "the socket server refuses to end sockets"),
        }
    }

    async fn terminate(&self, termination: &Termination) {
        let resource = format!("users/{}/terminate_connections", termination.user_id);
        if let Err((status, reason)) = self.call(&resource, &serde_json::json!({})).await {
            warn!(%status, reason, "the socket server refuses to end a user's connections");
        }
    }

    fn count(&self, events: usize) {
        self.counts.sent.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// Makes a call and retries it until the server answers.
    ///
    /// # Errors
    /// The status and the text of an answer that would be the same again.
    async fn call(&self, resource: &str, body: &impl Serialize) -> Result<(), (StatusCode, String)> {
        let body = serde_json::to_vec(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        let mut pause = PAUSE;
        loop {
            match self.try_call(resource, &body).await {
                Ok(()) => {
                    if self.counts.is_away.swap(false, Ordering::Relaxed) {
                        info!("the socket server answers again");
                    }
                    return Ok(());
                }
                Err(Failure::Refused(status, reason)) => return Err((status, reason)),
                Err(Failure::Away(reason)) => {
                    if !self.counts.is_away.swap(true, Ordering::Relaxed) {
                        warn!(reason, "the socket server cannot be reached (HUBBUB_BUS)");
                    }
                    sleep(pause.mul_f64(rand::random())).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
        }
    }

    async fn try_call(&self, resource: &str, body: &[u8]) -> Result<(), Failure> {
        let path = self.server.api_path(resource);
        let now_secs = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let call = ApiCall { method: "POST", path: &path, query: &[], body };
        let query = sign_call(call, &self.server.key, self.server.secret.expose(), now_secs);
        let query = serde_urlencoded::to_string(query).map_err(|error| Failure::Away(error.to_string()))?;
        let request = self.client.post(format!("{}?{query}", self.server.http_url(&path)));
        let request = request.timeout(TIMEOUT).header(CONTENT_TYPE, "application/json").body(body.to_vec());
        // Without the URL, which is signed.
        let away = |error: reqwest::Error| Failure::Away(error.without_url().to_string());
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again.
        let text = answer.text().await.map_err(away)?;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => Err(Failure::Refused(status, text)),
            StatusCode::NOT_FOUND if matches!(resource, "revoke" | "end_credentials") => {
                Err(Failure::Refused(status, text))
            }
            // Wrong credentials too: whoever corrects them loses no event.
            status => {
                Err(Failure::Away(format!("it answers {status}: {}", text.chars().take(200).collect::<String>())))
            }
        }
    }
}

impl<'a> From<&'a Envelope> for PublishedEvent<'a> {
    fn from(event: &'a Envelope) -> Self {
        let Envelope { channel, event: name, data, except, .. } = event;
        Self { name, channel: channel.name.as_str(), data, socket_id: except.map(|id| id.to_string()) }
    }
}
