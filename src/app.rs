//! The composition root: builds the parts of a role, runs them, and ends them in order.

mod apps;
mod credentials;
mod data_dir;
mod database;
mod demo;
mod descriptors;
mod metrics;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, rt, web};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use tracing_actix_web::TracingLogger;

use crate::auth::{AccessTokens, KeyRing, KeyRingError, PasswordError, Passwords};
use crate::broadcast::{
    AppConflict, Apps, Broadcaster, BroadcasterHandle, BroadcasterLimits, Hub, HubLimits, Occurrence, OutboxLimits,
};
use crate::config::{ConfigError, ServeConfig, SocketConfig};
use crate::domain::InvalidField;
use crate::events::{Bus, Carrier, FlowBook, local_bus};
use crate::http::{self, SocketApp, WebParts, WebState};
use crate::jobs::{JobRunner, OutgoingClient, RunningJobs};
use crate::pusher::InvalidCredentials;
use crate::store::{FileLibrary, InvalidDatabaseUrl, OpenError, Store, StoreError};
use crate::telemetry::RequestSpan;
use crate::ws::{self, AppsFileError, SocketServer, Webhooks};

pub use apps::Reloader;
pub use credentials::{Credentials, chat_credentials};
pub use database::{database_url, migrate};
pub use demo::Demo;

use apps::AppsSource;
use data_dir::DataDir;
use metrics::{Metrics, Sources};

/// A server that is bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    store: Store,
    web_state: Arc<WebState>,
    broadcaster: BroadcasterHandle,
    /// End by themselves when nobody can reach them any more, in this order.
    actors: Vec<(&'static str, rt::task::JoinHandle<()>)>,
    jobs: RunningJobs,
    reloader: Reloader,
    demo: Option<Demo>,
    shutdown_spread: Duration,
    /// Held while the process runs: two of them on one data directory would not hear each other's events.
    _data_dir: DataDir,
}

/// Why the server cannot start, in words for the person who starts it.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings contradict each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database's URL is none.
    #[error(transparent)]
    DatabaseUrl(#[from] InvalidDatabaseUrl),
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The chat's app has an id or a key that no app may have.
    #[error("{0} (HUBBUB_APP_ID, HUBBUB_APP_KEY, HUBBUB_APP_SECRET)")]
    Credentials(#[from] InvalidCredentials),
    /// The file of apps cannot be read.
    #[error(transparent)]
    AppsFile(#[from] AppsFileError),
    /// Two apps share what must be unique; the chat's own app is one of all.
    #[error("{0} (HUBBUB_APPS_FILE; the chat's own app counts too)")]
    AppConflict(#[from] AppConflict),
    /// Webhooks cannot be called.
    #[error("webhooks: {0}")]
    Webhooks(#[from] reqwest::Error),
    /// The data directory cannot be made, or is in use.
    #[error("the data directory {path}: {reason} (HUBBUB_DATA_DIR)")]
    DataDir {
        /// The directory.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The keys that sign access tokens cannot be read or made.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// The threads that hash passwords do not start.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source} (HUBBUB_LISTEN)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The demo's people and rooms cannot be made.
    #[error("the demo: {0}")]
    Demo(#[from] StoreError),
    /// The limits refuse what the demo writes.
    #[error("the limits refuse what the demo writes: {0}")]
    DemoLimits(#[from] InvalidField),
}

impl Application {
    /// Checks the settings, opens the store, and binds the address. From then on connections wait to be accepted.
    ///
    /// # Errors
    /// A [`StartError`]; nothing is left running.
    pub async fn build(config: ServeConfig) -> Result<Self, StartError> {
        config.validate()?;
        descriptors::raise_limit(config.socket.max_sockets);
        let data_dir = DataDir::open(&config.data_dir)?;
        let chat_app = credentials::chat_app(&config.socket, &data_dir)?;
        let apps_source = AppsSource::new(chat_app.clone(), config.socket.clone());
        let apps = Apps::new(apps_source.read()?);
        let reloader = Reloader::new(apps_source, apps.clone());
        let listener = listen(config.listen)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;

        let store = open_store(&config, &data_dir)?;
        let files = open_files(&store, &data_dir)?;
        let passwords = Passwords::start(&config.auth)?;
        let demo = match config.demo {
            true => Some(Demo::prepare(&store, &passwords, &http::limits(&config)).await?),
            false => None,
        };
        let (local_bus, bus_receiver) = local_bus(config.socket.broadcast_queue);
        let carrier: Arc<dyn Carrier> = Arc::new(local_bus);
        let (occurrences, waiting_occurrences) = mpsc::channel::<Occurrence>(config.webhooks.queue);
        let webhooks = Webhooks::new(waiting_occurrences, http_client()?, &config.webhooks);
        let (broadcaster, broadcaster_handle) =
            Broadcaster::new(bus_receiver, apps, occurrences, broadcaster_limits(&config.socket));
        let parts = WebParts {
            store: store.clone(),
            files: files.clone(),
            bus: Bus::new(Arc::clone(&carrier), chat_app.id),
            flows: Arc::new(FlowBook::new(config.http.flow_entries)),
            passwords,
            access_tokens: AccessTokens::new(KeyRing::open(data_dir.path())?, &config.auth),
            socket_app: SocketApp { key: chat_app.key, secret: chat_app.secret.into() },
            demo_people: demo.as_ref().map(Demo::people).unwrap_or_default(),
        };
        let web_state = Arc::new(WebState::new(&config, parts));
        let sources = Sources {
            broadcaster: broadcaster_handle.clone(),
            carrier,
            api: Arc::default(),
            webhooks: webhooks.counts(),
        };
        let jobs = JobRunner::new(store.clone(), files, outgoing_client(&config)?, &config.jobs);
        let server = serve(&config, listener, Arc::clone(&web_state), sources)?;
        Ok(Self {
            server,
            address,
            store,
            web_state,
            broadcaster: broadcaster_handle,
            actors: vec![("the broadcaster", rt::spawn(broadcaster.run())), ("webhooks", rt::spawn(webhooks.run()))],
            jobs: jobs.start(),
            reloader,
            demo,
            shutdown_spread: Duration::from_secs(config.socket.shutdown_spread_secs.into()),
            _data_dir: data_dir,
        })
    }

    /// The address that the server is bound to, its port never 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The demo's people and their token; `None` outside the demo.
    #[must_use]
    pub const fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// What reads the file of apps again while the server runs.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Serves until `shutdown` completes, then ends in order: no new connections, not ready, sockets closed with 4200
    /// spread over some time, requests finished, broadcaster and writer joined.
    ///
    /// # Errors
    /// What the server's accept loop reports.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let mut server = rt::spawn(self.server);
        let ended = tokio::select! {
            ended = &mut server => Some(ended),
            () = shutdown => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                info!(sockets = self.broadcaster.socket_count(), "shutting down");
                handle.pause().await;
                self.web_state.begin_shutdown();
                close_sockets(&self.broadcaster, self.shutdown_spread).await;
                stop(&handle).await;
                server.await
            }
        };
        self.jobs.stop().await;
        self.store.close().await;
        drop(self.web_state);
        drop(self.broadcaster);
        for (name, actor) in self.actors {
            if timeout(JOIN_TIMEOUT, actor).await.is_err() {
                warn!("{name} did not end in time");
            }
        }
        info!("stopped");
        ended.map_err(io::Error::other)?
    }
}

/// How long an actor may take to end once nobody can reach it.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long requests may take to finish, in seconds.
const REQUESTS_TIMEOUT_SECS: u64 = 3;
/// How long clients may take to answer the close frame beyond the spread.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// Connections that may wait to be accepted: everybody comes back at once after a restart.
const BACKLOG: u32 = 4_096;
/// Connections of one worker that are no sockets.
const PLAIN_CONNECTIONS: usize = 4_096;

fn serve(
    config: &ServeConfig,
    listener: TcpListener,
    web_state: Arc<WebState>,
    sources: Sources,
) -> Result<Server, StartError> {
    let web_state = web::Data::from(web_state);
    let (socket, hub_limits) = (config.socket.clone(), hub_limits(&config.socket));
    let Sources { broadcaster, carrier, api, .. } = sources.clone();
    let metrics = web::Data::new(Metrics::new(config, sources));
    let server = HttpServer::new(move || {
        let (hub, work) = Hub::new(broadcaster.clone(), hub_limits);
        rt::spawn(work);
        let socket_server =
            SocketServer::new(socket.clone(), hub, broadcaster.clone(), Arc::clone(&carrier), Arc::clone(&api));
        App::new()
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(http::finish_answer))
            .app_data(web::ThinData(socket_server))
            .configure(ws::configure)
            .configure(|config| metrics::configure(config, metrics.clone()))
            .configure(|config| http::configure(config, &web_state))
    })
    .workers(if config.workers == 0 { default_workers() } else { config.workers })
    .backlog(BACKLOG)
    .max_connections(config.socket.max_sockets + PLAIN_CONNECTIONS)
    .max_connection_rate(usize::MAX)
    .tcp_nodelay(true)
    .on_connect(ws::keep_descriptor)
    .shutdown_timeout(REQUESTS_TIMEOUT_SECS)
    .disable_signals()
    .listen(listener)
    .map_err(|source| StartError::Listen { address: config.listen, source })?;
    Ok(server.run())
}

/// Chooses who does TLS's cryptography in this process.
pub fn install_cryptography() {
    // Installed once for the process; a second application in it, as in tests, finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for calls to others. It follows no redirects: a webhook goes where its owner said.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn http_client() -> Result<reqwest::Client, StartError> {
    install_cryptography();
    let client = reqwest::Client::builder().user_agent(concat!("Hubbub/", env!("CARGO_PKG_VERSION")));
    Ok(client.redirect(reqwest::redirect::Policy::none()).build()?)
}

/// The client for calls to addresses that people chose.
fn outgoing_client(config: &ServeConfig) -> Result<OutgoingClient, StartError> {
    let timeout = Duration::from_millis(config.webhooks.timeout_ms);
    Ok(OutgoingClient::new(config.jobs.allow_private_webhooks, timeout)?)
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn open_store(config: &ServeConfig, data_dir: &DataDir) -> Result<Store, StartError> {
    let url = database_url(data_dir.path(), config.database_url.as_ref())?;
    Ok(Store::open(&url, &database::options(&config.store))?)
}

fn open_files(store: &Store, data_dir: &DataDir) -> Result<FileLibrary, StartError> {
    let directory = data_dir.path().join("files");
    FileLibrary::open(store.clone(), &directory)
        .map_err(|error| StartError::DataDir { path: directory.display().to_string(), reason: error.to_string() })
}

fn broadcaster_limits(config: &SocketConfig) -> BroadcasterLimits {
    BroadcasterLimits {
        mailbox: config.broadcast_queue,
        sockets: config.max_sockets,
        cached_channels: config.max_cached_channels,
        authorization: Duration::from_secs(config.authorization_secs.into()),
    }
}

fn hub_limits(config: &SocketConfig) -> HubLimits {
    HubLimits {
        outbox: OutboxLimits { frames: config.max_queued_frames, bytes: config.max_queued_bytes },
        activity_timeout: Duration::from_secs(config.activity_timeout_secs.into()),
        pong_timeout: Duration::from_secs(config.pong_timeout_secs.into()),
    }
}

async fn close_sockets(broadcaster: &BroadcasterHandle, spread: Duration) {
    broadcaster.close_sockets(spread);
    let deadline = Instant::now() + spread + CLOSE_GRACE;
    while broadcaster.socket_count() > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn stop(server: &ServerHandle) {
    server.stop(true).await;
}
