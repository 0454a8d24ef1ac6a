//! The HTTP server: which routes a role has, on how many threads.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, rt, web};
use tracing_actix_web::TracingLogger;

use crate::broadcast::{BroadcasterHandle, Hub};
use crate::config::ServeConfig;
use crate::events::Carrier;
use crate::http::{self, WebState};
use crate::telemetry::RequestSpan;
use crate::ws::{self, ApiState, SocketServer, WebhookCounts};

use super::StartError;
use super::metrics::{self, Metrics, SocketSources, Sources};
use super::socket_part::hub_limits;

/// How long requests may take to finish at the end, in seconds.
const REQUESTS_TIMEOUT_SECS: u64 = 3;
/// Connections that may wait to be accepted: everybody comes back at once after a restart.
const BACKLOG: u32 = 4_096;
/// Connections of one worker that are no sockets.
const PLAIN_CONNECTIONS: usize = 4_096;

/// What the routes need of the role's parts.
pub(super) struct Routes {
    pub(super) web: Option<Arc<WebState>>,
    pub(super) broadcaster: Option<BroadcasterHandle>,
    pub(super) carrier: Arc<dyn Carrier>,
    pub(super) webhooks: Option<Arc<WebhookCounts>>,
}

/// Binds the address.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

/// Starts the workers; connections are accepted when the server is first polled.
pub(super) fn serve(config: &ServeConfig, listener: TcpListener, routes: Routes) -> Result<Server, StartError> {
    let Routes { web, broadcaster, carrier, webhooks } = routes;
    let api = Arc::<ApiState>::default();
    let sockets = broadcaster.clone().zip(webhooks);
    let sockets = sockets.map(|(broadcaster, webhooks)| SocketSources { broadcaster, api: Arc::clone(&api), webhooks });
    let metrics = web::Data::new(Metrics::new(config, Sources { carrier: Arc::clone(&carrier), sockets }));
    let (socket, hub_limits) = (config.socket.clone(), hub_limits(&config.socket));
    let max_sockets = if broadcaster.is_some() { config.socket.max_sockets } else { 0 };
    let web = web.map(web::Data::from);
    let server = HttpServer::new(move || {
        let socket_server = broadcaster.clone().map(|broadcaster| {
            let (hub, work) = Hub::new(broadcaster.clone(), hub_limits);
            rt::spawn(work);
            SocketServer::new(socket.clone(), hub, broadcaster, Arc::clone(&carrier), Arc::clone(&api))
        });
        let (metrics, web) = (metrics.clone(), web.clone());
        App::new().wrap(TracingLogger::<RequestSpan>::new()).wrap(from_fn(http::finish_answer)).configure(|routes| {
            metrics::configure(routes, metrics);
            if let Some(socket_server) = socket_server {
                ws::configure(routes, socket_server);
            }
            match &web {
                Some(state) => http::configure(routes, state),
                None => ws::configure_health(routes),
            }
        })
    })
    .workers(if config.workers == 0 { default_workers() } else { config.workers })
    .backlog(BACKLOG)
    .max_connections(max_sockets + PLAIN_CONNECTIONS)
    .max_connection_rate(usize::MAX)
    .tcp_nodelay(true)
    .on_connect(ws::keep_descriptor)
    .shutdown_timeout(REQUESTS_TIMEOUT_SECS)
    .disable_signals()
    .listen(listener)
    .map_err(|source| StartError::Listen { address: config.listen, source })?;
    Ok(server.run())
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
