//! A server in the test's own process.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use clap::Parser;
use hubbub::app::{Application, Reloader};
use hubbub::config::{Secret, ServeConfig};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::person::Person;
use super::settings::{APP_KEY, APP_SECRET, Listening, transport};

/// A server of its own, on a directory of its own.
pub(crate) struct Server {
    address: SocketAddr,
    data_dir: TempDir,
    config: ServeConfig,
    /// `None` without sockets.
    reloader: Option<Reloader>,
    /// Ends the server when it is sent to or dropped.
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<io::Result<()>>,
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    serve: ServeConfig,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose settings `change` has changed. Everybody may sign up, and hashing a password is cheap.
    pub(crate) async fn start_with(change: impl FnOnce(&mut ServeConfig)) -> Self {
        let data_dir = tempfile::tempdir().expect("a directory");
        let mut config = settings(data_dir.path());
        change(&mut config);
        let (address, reloader, stop, ended) = run(config.clone()).await;
        Self { address, data_dir, config, reloader, stop: Some(stop), ended }
    }

    /// Ends the server in order and starts it again on the same data, on another port.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        (&mut self.ended).await.expect("no panic").expect("an orderly end");
        let (address, reloader, stop, ended) = run(self.config.clone()).await;
        (self.address, self.reloader, self.stop, self.ended) = (address, reloader, Some(stop), ended);
    }

    /// Changes settings, which count from the next start on.
    pub(crate) fn change_settings(&mut self, change: impl FnOnce(&mut ServeConfig)) {
        change(&mut self.config);
    }

    /// Tells the server to end, as Ctrl-C would.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// Reads the file of apps again, as SIGHUP would.
    pub(crate) fn reload(&self) -> Result<(), String> {
        self.reloader.as_ref().expect("sockets").reload().map_err(|error| error.to_string())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        Listening::url(self, path)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Somebody without a token.
    pub(crate) fn stranger(&self) -> Person {
        Person::stranger(self)
    }

    /// Somebody who just signed up. The first one is the administrator.
    pub(crate) async fn sign_up(&self, username: &str) -> Person {
        Person::sign_up(self, username).await
    }
}

impl Listening for Server {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn run(config: ServeConfig) -> (SocketAddr, Option<Reloader>, oneshot::Sender<()>, JoinHandle<io::Result<()>>) {
    let application = Application::build(config).await.expect("a server");
    let (address, reloader) = (application.address(), application.reloader());
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = actix_web::rt::spawn(application.run_until(async {
        // Sent or dropped, both mean the end.
        let _ = stopped.await;
    }));
    (address, reloader, stop, ended)
}

/// The settings of a server for a test.
pub(crate) fn settings(data_dir: &Path) -> ServeConfig {
    let command = "hubbub --listen 127.0.0.1:0 --sign-up open --workers 1 --read-connections 1 --password-memory-kib 8 \
                   --password-threads 1 --sign-ins-per-minute 1000 --rations off --anonymous-socket-secs 0 --shutdown-spread-ms 0 --presence-hold-ms 0 --data-dir";
    let words = command.split_whitespace().map(OsString::from).chain([data_dir.into()]);
    let mut config = Command::try_parse_from(words).expect("settings").serve;
    config.socket.socket_transport = transport();
    config.socket.app_id = Some("1".to_owned());
    config.socket.app_key = Some(APP_KEY.to_owned());
    config.socket.app_secret = Some(Secret::from(APP_SECRET.to_owned()));
    config
}
