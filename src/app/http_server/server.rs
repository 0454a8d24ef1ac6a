//! The HTTP server: which routes a role has, on how many threads.

use std::net::TcpListener;
use std::sync::Arc;

use actix_server::ServerBuilder;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, ThinData};
use actix_web::{App, Error, HttpServer, rt};
use tracing_actix_web::TracingLogger;

use crate::app::parts::hub_limits;
use crate::app::start_error::StartError;
use crate::broadcast::{BroadcasterHandle, Hub};
use crate::bus::Broker;
use crate::config::{ServeConfig, SocketConfig, SocketTransport};
use crate::http::{self, WebState};
use crate::pusher_api::{self, PusherApi};
use crate::pusher_webhooks::WebhookCounts;
use crate::sockets::{self, SocketServer};
use crate::telemetry::RequestSpan;

use super::body_pace::{BodyPace, keep_pace};
use super::connections::Connections;
use super::http_service;
use super::metrics::{self, Metrics, SocketSources, Sources, measure};
use super::requests_in_flight::{RequestsInFlight, count_request};
use super::store_metrics::StoreSource;

/// Connections of one worker that are not sockets.
const PLAIN_CONNECTIONS: usize = 4_096;

/// What the routes need of the role's parts.
pub(in crate::app) struct Routes {
    pub(in crate::app) web: Option<Arc<WebState>>,
    pub(in crate::app) broadcaster: Option<BroadcasterHandle>,
    pub(in crate::app) broker: Arc<dyn Broker>,
    pub(in crate::app) webhooks: Option<Arc<WebhookCounts>>,
    pub(in crate::app) requests: RequestsInFlight,
}

/// Starts the workers; connections are accepted when the server is first polled.
pub(in crate::app) fn serve(config: &ServeConfig, listener: TcpListener, routes: Routes) -> Result<Server, StartError> {
    let Routes { web, broadcaster, broker, webhooks, requests } = routes;
    let api = broadcaster.clone().map(|broadcaster| PusherApi::new(broadcaster, Arc::clone(&broker)));
    let sockets = broadcaster.clone().zip(api.clone()).zip(webhooks);
    let sockets = sockets.map(|((broadcaster, api), webhooks)| SocketSources { broadcaster, api, webhooks });
    let store = web.as_ref().map(|web| StoreSource::new(web.store().clone(), config));
    let metrics = web::Data::new(Metrics::new(config, Sources { broker: Arc::clone(&broker), sockets }, store));
    let worker = Worker {
        web: web.map(web::Data::from),
        metrics,
        config: config.socket.clone(),
        broker,
        api,
        requests,
        body_pace: BodyPace::new(&config.http),
    };
    let connections = Connections::new(config);
    let workers = if config.workers == 0 { default_workers() } else { config.workers };
    let max_sockets = if broadcaster.is_some() { config.socket.max_sockets } else { 0 };
    let max_connections = max_sockets + PLAIN_CONNECTIONS;
    let listening = match (broadcaster, config.socket.socket_transport) {
        (Some(broadcaster), SocketTransport::Tcp) => {
            let builder =
                Server::build().workers(workers).max_concurrent_connections(max_connections).disable_signals();
            let parts = move || {
                let socket_server = worker.socket_server(&broadcaster);
                (worker.clone().app(Some(socket_server.clone())), socket_server)
            };
            http_service::listen(builder, listener, connections, parts).map(ServerBuilder::run)
        }
        (broadcaster, _) => HttpServer::new(move || {
            worker.clone().app(broadcaster.as_ref().map(|broadcaster| worker.socket_server(broadcaster)))
        })
        .workers(workers)
        .max_connections(max_connections)
        .tcp_nodelay(true)
        // As in `http_service`.
        .h1_allow_half_closed(false)
        .on_connect(move |connection, extensions| {
            connections.admit(connection, extensions);
            sockets::keep_descriptor(connection, extensions);
        })
        .disable_signals()
        .listen(listener)
        .map(HttpServer::run),
    };
    listening.map_err(|source| StartError::Listen { address: config.listen, source })
}

/// What each worker thread builds its own part from.
#[derive(Clone)]
struct Worker {
    web: Option<web::Data<WebState>>,
    metrics: web::Data<Metrics>,
    config: SocketConfig,
    broker: Arc<dyn Broker>,
    api: Option<PusherApi>,
    requests: RequestsInFlight,
    body_pace: BodyPace,
}

impl Worker {
    /// The sockets of the calling thread.
    fn socket_server(&self, broadcaster: &BroadcasterHandle) -> SocketServer {
        let (hub, work) = Hub::new(broadcaster.clone(), hub_limits(&self.config));
        rt::spawn(work);
        SocketServer::new(self.config.clone(), hub, broadcaster.clone(), Arc::clone(&self.broker))
    }

    fn app(
        self,
        socket_server: Option<SocketServer>,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody>,
            Error = Error,
            InitError = (),
        >,
    > {
        let routes = |routes: &mut ServiceConfig| {
            metrics::configure(routes, self.metrics.clone());
            if let Some(socket_server) = socket_server {
                sockets::configure(routes, socket_server);
            }
            if let Some(api) = self.api {
                pusher_api::configure(routes, api);
            }
            match &self.web {
                Some(state) => http::configure(routes, state),
                None => sockets::configure_health(routes),
            }
        };
        App::new()
            .app_data(ThinData(self.requests))
            .app_data(ThinData(self.body_pace))
            .wrap(from_fn(keep_pace))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(http::finish_response))
            .wrap(from_fn(count_request))
            .wrap(from_fn(measure))
            .configure(routes)
    }
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
