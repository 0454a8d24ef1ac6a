//! `GET /metrics`: what the server counts, in the text format of Prometheus (OpenMetrics).
//!
//! Each part has its own counters; they are read when the metrics are requested.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::middleware::Next;
use actix_web::web::ServiceConfig;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use subtle::ConstantTimeEq;

use crate::broadcast::{BroadcasterHandle, CountsByReason};
use crate::bus::{Broker, BusState};
use crate::config::{Secret, ServeConfig};
use crate::pusher_api::PusherApi;
use crate::pusher_webhooks::WebhookCounts;

use super::process_metrics::ProcessMetrics;
use super::request_metrics::RequestMetrics;
use super::store_metrics::StoreSource;

/// What the names begin with, but for those of the process.
const PREFIX: &str = "hubbub";

/// Where the metrics are read from.
pub(in crate::app) struct Sources {
    pub(in crate::app) broker: Arc<dyn Broker>,
    /// In a role that holds sockets.
    pub(in crate::app) sockets: Option<SocketSources>,
}

/// Where the metrics of a socket server are read from.
pub(in crate::app) struct SocketSources {
    pub(in crate::app) broadcaster: BroadcasterHandle,
    pub(in crate::app) api: PusherApi,
    pub(in crate::app) webhooks: Arc<WebhookCounts>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

/// The metrics, and who may read them.
pub(in crate::app) struct Metrics {
    registry: Registry,
    process: Registry,
    pub(super) requests: RequestMetrics,
    /// In a role with the database.
    store: Option<StoreSource>,
    readers: Readers,
}

#[derive(Debug, PartialEq, Eq)]
enum Readers {
    Everybody,
    TokenHolders(Secret),
    /// The server can be reached from elsewhere, and no token is set.
    Nobody,
}

impl Metrics {
    pub(in crate::app) fn new(config: &ServeConfig, sources: Sources, store: Option<StoreSource>) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(sources));
        let requests = RequestMetrics::default();
        requests.register(&mut registry);
        if let Some(source) = &store {
            source.store.metrics().register(&mut registry);
        }
        let mut process = Registry::default();
        process.register_collector(Box::new(ProcessMetrics::new()));
        Self { registry, process, requests, store, readers: Readers::of(config) }
    }

    /// All of them as text.
    async fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode_registry(&mut text, &self.registry)?;
        if let Some(store) = &self.store {
            let mut measured = Registry::with_prefix(PREFIX);
            measured.register_collector(Box::new(store.measure().await));
            text::encode_registry(&mut text, &measured)?;
        }
        text::encode_registry(&mut text, &self.process)?;
        text::encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Readers {
    /// Everybody only on a loopback address without a proxy.
    fn of(config: &ServeConfig) -> Self {
        let is_local = config.listen.ip().is_loopback() && config.public_url.is_none() && !config.auth.trust_proxy;
        match &config.metrics_token {
            Some(token) => Self::TokenHolders(token.clone()),
            None if is_local => Self::Everybody,
            None => Self::Nobody,
        }
    }

    fn include(&self, request: &HttpRequest) -> bool {
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        match self {
            Self::Everybody => true,
            // In constant time, so that a token cannot be found byte by byte.
            Self::TokenHolders(token) => token.expose().as_bytes().ct_eq(shown.as_bytes()).into(),
            Self::Nobody => false,
        }
    }
}

/// The route. The app needs [`Metrics`] as data.
pub(in crate::app) fn configure(config: &mut ServiceConfig, metrics: web::Data<Metrics>) {
    config
        .app_data(metrics)
        .route("/metrics", web::get().to(show_metrics))
        .route("/metrics", web::head().to(show_metrics));
}

async fn show_metrics(metrics: web::Data<Metrics>, request: HttpRequest) -> HttpResponse {
    if !metrics.readers.include(&request) {
        let reason = match metrics.readers {
            Readers::Nobody => "set HUBBUB_METRICS_TOKEN, and send it as a Bearer token\n",
            Readers::Everybody | Readers::TokenHolders(_) => "send HUBBUB_METRICS_TOKEN as a Bearer token\n",
        };
        return HttpResponse::Unauthorized().content_type("text/plain; charset=utf-8").body(reason);
    }
    match metrics.text().await {
        Ok(body) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(body),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        encode_bus(self.broker.state(), &mut encoder)?;
        self.sockets.as_ref().map_or(Ok(()), |sockets| sockets.encode(&mut encoder))
    }
}

fn encode_bus(state: BusState, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let gauges = [
        (
            "bus_connected",
            "Whether what is handed to the bus reaches the others: 1 or 0",
            usize::from(state.is_connected),
        ),
        ("bus_waiting", "Events and control messages that wait for the bus", state.waiting),
        ("bus_nodes", "Nodes with sockets that are known, this one included", state.nodes),
    ];
    for (name, help, value) in gauges {
        gauge(encoder, name, help, value)?;
    }
    let counters = [
        ("events_dropped", "Events that the bus had no room for", state.dropped_events),
        ("bus_messages_sent", "Messages that left for other processes", state.sent),
        ("bus_messages_received", "Messages that came from other processes", state.received),
        ("bus_messages_not_understood", "Messages of another version that were ignored", state.not_understood),
        ("bus_gaps", "Times that the bus was away, and events may have been missed", state.gaps),
        ("bus_repairs", "Rooms whose head was asked for after a gap", state.repairs),
    ];
    counters.into_iter().try_for_each(|(name, help, count)| counter(encoder, name, help, count))
}

impl SocketSources {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (counters, webhooks, api) = (self.broadcaster.counters(), &self.webhooks, self.api.counts());
        self.encode_sockets(encoder)?;
        gauge(encoder, "channels", "Channels that have a socket", counters.channels.load(Ordering::Relaxed))?;
        let subscriptions = counters.subscriptions.load(Ordering::Relaxed);
        gauge(encoder, "subscriptions", "Subscriptions of sockets to channels", subscriptions)?;
        let counters = [
            ("sockets_opened", "Sockets that were accepted", &counters.sockets_opened),
            (
                "sockets_too_slow",
                "Sockets closed with 4100 because their client read too slowly",
                &counters.sockets_too_slow,
            ),
            ("events_heard", "Events that came over the bus", &counters.events_heard),
            ("client_events", "Events that clients sent to each other", &counters.client_events),
            ("frames_sent", "Frames of channels queued for their sockets", &counters.frames_sent),
            ("bytes_saved", "Bytes that these frames were shorter deflated", &counters.bytes_saved),
            ("hints_dropped", "Frames dropped that a slow client can do without", &counters.best_effort_dropped),
            ("api_calls_accepted", "Calls of the Pusher HTTP API that were accepted", &api.accepted),
            ("api_calls_refused", "Calls of the Pusher HTTP API that were refused", &api.refused),
            ("webhook_requests_delivered", "Webhook requests that their URL accepted", &webhooks.delivered),
            ("webhook_requests_retried", "Failed webhook requests that were retried", &webhooks.retried),
            ("webhook_requests_failed", "Webhook requests that were abandoned", &webhooks.failed),
            (
                "webhook_events_missed",
                "Events dropped because too many waited for webhooks",
                &counters.webhook_events_missed,
            ),
        ];
        counters
            .into_iter()
            .try_for_each(|(name, help, count)| counter(encoder, name, help, count.load(Ordering::Relaxed)))?;
        let counters = self.broadcaster.counters();
        let help = "Connections that were refused, by reason";
        counter_by_reason(encoder, "connections_refused", help, &counters.connections_refused)?;
        let help = "Subscriptions and sign-ins that were refused, by reason";
        counter_by_reason(encoder, "subscriptions_refused", help, &counters.subscriptions_refused)
    }

    fn encode_sockets(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        gauge(encoder, "sockets", "Sockets that are open", self.broadcaster.socket_count())?;
        let example = ConstGauge::new(0_i64);
        let mut metric =
            encoder.encode_descriptor("app_sockets", "Sockets that are open, by app", None, example.metric_type())?;
        for (app, sockets) in self.broadcaster.socket_counts() {
            let labels = [("app_id", app.to_string())];
            ConstGauge::new(signed(sockets)).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let gauge = ConstGauge::new(signed(value));
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn counter_by_reason(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    counts: &CountsByReason,
) -> fmt::Result {
    let example = ConstCounter::new(0_u64);
    let mut metric = encoder.encode_descriptor(name, help, None, example.metric_type())?;
    for (reason, count) in counts.all() {
        let labels = [("reason", reason)];
        ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn signed(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Counts every request. Wrap it around everything else.
///
/// # Errors
/// Those of the layers within.
pub(super) async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (method, began) = (request.method().clone(), Instant::now());
    let response = next.call(request).await?;
    let request = response.request();
    if let Some(metrics) = request.app_data::<web::Data<Metrics>>() {
        metrics.requests.answered(&method, request.match_pattern(), response.status().as_u16(), began.elapsed());
    }
    Ok(response)
}
