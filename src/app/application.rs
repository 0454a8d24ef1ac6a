//! The order in which the parts of a role start and stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt;
use futures_util::future::join;
use tracing::info;

use crate::config::ServeConfig;

use super::demo::Demo;
use super::http_server::{self, Routes};
use super::instance::{self, DataDir};
use super::open_files;
use super::parts::{BusPart, Reloader, SocketPart, WebPart};
use super::start_error::StartError;

/// A server that is bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    web: Option<WebPart>,
    sockets: Option<SocketPart>,
    bus: BusPart,
    shutdown_spread: Duration,
    /// Held while the process runs: two of them on one data directory would not hear each other's events.
    _data_dir: Option<DataDir>,
}

impl Application {
    /// Checks the settings, opens the store, and binds the address. From then on connections wait to be accepted.
    ///
    /// # Errors
    /// A [`StartError`]; nothing is left running.
    pub async fn build(config: ServeConfig) -> Result<Self, StartError> {
        config.validate()?;
        open_files::raise_limit(&config);
        let data_dir = config.role.has_store().then(|| DataDir::open(&config.data_dir)).transpose()?;
        let chat_app = instance::chat_app(&config, data_dir.as_ref())?;
        let listener = http_server::listen(config.listen)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;

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
        };
        let server = http_server::serve(&config, listener, routes)?;
        let shutdown_spread = Duration::from_secs(config.socket.shutdown_spread_secs.into());
        Ok(Self { server, address, web, sockets, bus, shutdown_spread, _data_dir: data_dir })
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

    /// Serves until `shutdown` completes, then ends in order: no new connections, not ready, sockets closed with 4200
    /// spread over some time, requests finished, writer and broadcaster joined, the bus told good-bye.
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
                info!("shutting down");
                if let Some(web) = &self.web {
                    web.begin_shutdown();
                }
                // The listener is closed at once. If it only stopped accepting, the system would go on taking connections, and
                // a proxy would wait for their answers instead of asking another node.
                let finished = handle.stop(true);
                match &self.sockets {
                    Some(sockets) => drop(join(finished, sockets.close_sockets(self.shutdown_spread)).await),
                    None => finished.await,
                }
                server.await
            }
        };
        if let Some(web) = self.web {
            web.end().await;
        }
        if let Some(sockets) = self.sockets {
            sockets.end().await;
        }
        self.bus.end().await;
        info!("stopped");
        ended.map_err(io::Error::other)?
    }
}
