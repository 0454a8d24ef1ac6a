//! The server to be measured, in a process of its own, on data of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::dialect::App;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; it ends with this value.
pub(crate) struct Server {
    process: Child,
    /// `ADDRESS:PORT`.
    pub(crate) address: String,
    _data_dir: Option<TempDir>,
}

impl Server {
    /// Starts it and waits until it says where it is.
    pub(crate) fn start(program: &Path, database_url: Option<&str>) -> Result<Self> {
        let mut command = Command::new(program);
        if let Some(url) = database_url {
            command.env("HUBBUB_DATABASE_URL", url);
        }
        Self::run(command)
    }

    /// Starts it with the credentials of an app.
    pub(crate) fn start_with_app(program: &Path, app: &App) -> Result<Self> {
        Self::start_with_settings(program, app, &[])
    }

    /// The same with some `HUBBUB_…` variables.
    pub(crate) fn start_with_settings(program: &Path, app: &App, settings: &[(&str, String)]) -> Result<Self> {
        let mut command = Command::new(program);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.env("HUBBUB_APP_ID", &app.id).env("HUBBUB_APP_KEY", &app.key).env("HUBBUB_APP_SECRET", &app.secret);
        Self::run(command)
    }

    fn run(mut command: Command) -> Result<Self> {
        let data_dir = tempfile::tempdir()?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--sign-up", "open", "--access-token-secs", "86400"]);
        command.arg("--data-dir").arg(data_dir.path());
        // One address does what a thousand people do, and what is measured is the server.
        command.env("HUBBUB_RATIONS", "off").env("HUBBUB_ANONYMOUS_SOCKET_SECS", "0");
        command.env("HUBBUB_LOG", "error").stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("Hubbub is at http://").context("it does not say where it is")?;
        Ok(Self { address: address.to_owned(), process, _data_dir: Some(data_dir) })
    }

    /// Starts any other program, which is told by `command` to listen on `port` of 127.0.0.1, and waits until it does. What
    /// it prints goes into the file `log`.
    pub(crate) fn start_other(mut command: Command, port: u16, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let process = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Self { process, address: address.to_string(), _data_dir: None };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.process.try_wait()? {
                bail!("it ended with {status}; {} tells more", log.display());
            }
            ensure!(Instant::now() < deadline, "it does not listen after {PATIENCE:?}; {} tells more", log.display());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already when it crashed, which the measurement has reported.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The version that Hubbub says it has.
pub(crate) fn version_of(program: &Path) -> Result<String> {
    let output =
        Command::new(program).arg("--version").output().with_context(|| format!("starting {}", program.display()))?;
    Ok(String::from_utf8(output.stdout)?.trim().trim_start_matches("hubbub ").to_owned())
}
