//! The order in which the parts of a role start and stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt;
use tracing::info;

use crate::config::{ConfigError, ServeConfig};
use crate::pusher::Code;

use super::demo::Demo;
use super::http_server::{self, Listener, Newcomers, RequestsInFlight, Routes};
use super::instance::{self, DataDir};
use super::open_files;
use super::parts::{BusPart, Reloader, SocketPart, WebPart};
use super::start_error::StartError;

/// A server that is bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    /// The same socket that the server accepts from, for the time when it has stopped doing so.
    listener: Listener,
    requests: RequestsInFlight,
    web: Option<WebPart>,
    sockets: Option<SocketPart>,
    bus: BusPart,
    /// How long requests may take to finish at the end.
    shutdown_timeout: Duration,
    shutdown_spread: Duration,
    /// Held while the process runs: two of them on one data directory would not hear each other's events.
    _data_dir: Option<DataDir>,
}

impl Application {
    /// Checks the settings, opens the store, and binds the address. From then on connections wait to be accepted.
    ///
    /// # Errors
    /// A [`StartError`]; nothing is left running.
    pub async fn build(mut config: ServeConfig) -> Result<Self, StartError> {
        config.validate()?;
        open_files::raise_limit(&config);
        let data_dir = config.role.has_store().then(|| DataDir::open(&config.data_dir)).transpose()?;
        let chat_app = instance::chat_app(&config, data_dir.as_ref())?;
        let wanted = config.listen;
        let unusable = |source| StartError::Listen { address: wanted, source };
        let listener = Listener::open(config.listen)?;
        let address = listener.address().map_err(unusable)?;
        // A socket that was handed over may be at another address: what is open to this machine alone is decided by it.
        config.listen = address;
        if config.demo && !address.ip().is_loopback() {
            return Err(ConfigError::DemoNotLoopback(address).into());
        }

        let mut bus = BusPart::build(&config, chat_app.id).await?;
        let sockets = match bus.take_receiver() {
            Some(receiver) => Some(SocketPart::build(&config, &chat_app, receiver, bus.cluster())?),
            None => None,
        };
        let web = match &data_dir {
            Some(data_dir) => Some(WebPart::build(&config, &chat_app, data_dir, &mut bus).await?),
            None => None,
        };
        let routes = Routes {
            web: web.as_ref().map(WebPart::state),
            broadcaster: sockets.as_ref().map(SocketPart::handle),
            broker: bus.broker(),
            webhooks: sockets.as_ref().map(SocketPart::webhook_counts),
            requests: RequestsInFlight::default(),
        };
        let requests = routes.requests.clone();
        let server = http_server::serve(&config, listener.duplicate().map_err(unusable)?.socket, routes)?;
        Ok(Self {
            server,
            address,
            listener,
            requests,
            web,
            sockets,
            bus,
            shutdown_timeout: Duration::from_secs(config.http.shutdown_timeout_secs.into()),
            shutdown_spread: Duration::from_millis(config.socket.shutdown_spread_ms.into()),
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
    pub fn demo(&self) -> Option<&Demo> {
        self.web.as_ref().and_then(WebPart::demo)
    }

    /// What reads the file of apps again while the server runs; `None` when it holds no sockets.
    #[must_use]
    pub fn reloader(&self) -> Option<Reloader> {
        self.sockets.as_ref().map(SocketPart::reloader)
    }

    /// Serves until `shutdown` completes, then ends in order: no new connections, not ready, requests finished, jobs given
    /// back, sockets closed, writer and broadcaster joined, the bus told good-bye.
    ///
    /// Sockets are closed as late as possible, and what comes after them takes a moment only: their clients come back
    /// within a second, and should find the next process.
    ///
    /// # Errors
    /// What the server's accept loop reports.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Self { server, listener, requests, mut web, sockets, bus, .. } = self;
        let (shutdown_timeout, shutdown_spread, _data_dir) =
            (self.shutdown_timeout, self.shutdown_spread, self._data_dir);
        let handle = server.handle();
        let mut server = rt::spawn(server);
        let ended = tokio::select! {
            ended = &mut server => Some(ended),
            () = shutdown => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                info!("shutting down");
                handle.pause().await;
                let newcomers = newcomers(&listener, sockets.as_ref(), &bus);
                let turning_away = listener.turn_away(newcomers);
                if let Some(web) = &web {
                    web.begin_shutdown();
                }
                if let Some(sockets) = &sockets {
                    sockets.refuse_new();
                }
                requests.end(shutdown_timeout).await;
                if let Some(web) = &mut web {
                    web.stop_jobs().await;
                }
                if let Some(sockets) = &sockets {
                    sockets.close_sockets(shutdown_spread, close_code(newcomers)).await;
                }
                turning_away.end().await;
                handle.stop(false).await;
                server.await
            }
        };
        if let Some(web) = web {
            web.end().await;
        }
        if let Some(sockets) = sockets {
            sockets.end().await;
        }
        bus.end().await;
        info!("stopped");
        ended.map_err(io::Error::other)?
    }
}

fn newcomers(listener: &Listener, sockets: Option<&SocketPart>, bus: &BusPart) -> Newcomers {
    if listener.is_handed_over {
        Newcomers::Wait
    } else if sockets.is_none_or(|_| bus.broker().state().nodes > 1) {
        Newcomers::GoElsewhere
    } else {
        Newcomers::AreRefused
    }
}

/// Clients come back at once where they are let in at once. Elsewhere a wait of a second spares them an attempt that finds
/// nobody, after which pusher-js waits 15 seconds.
const fn close_code(newcomers: Newcomers) -> Code {
    match newcomers {
        Newcomers::Wait | Newcomers::GoElsewhere => Code::Reconnect,
        Newcomers::AreRefused => Code::OverCapacity,
    }
}
