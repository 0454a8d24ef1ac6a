//! A server in a process of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::settings::{APP_KEY, APP_SECRET, Listening, client_builder};

/// The process, and the lines of its log.
pub(crate) struct ServerProcess {
    process: Child,
    pub(crate) address: SocketAddr,
    log: mpsc::UnboundedReceiver<(Instant, String)>,
    /// Its own, which goes away with it.
    data_dir: Option<TempDir>,
}

impl ServerProcess {
    /// Starts a node of a cluster with these options, and waits until it says where it is.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_within(&[], "127.0.0.1:0", options)
    }

    /// The same at that address, by a command that becomes the one that follows it.
    pub(crate) fn start_within(within: &[&str], listen: &str, options: &[&str]) -> Self {
        let data_dir = tempfile::tempdir().expect("a directory");
        let common = ["--workers", "1", "--read-connections", "2"];
        let token_secret = ["--token-secret", "the tests' own secret, of 32 characters or more"];
        let options = [&common[..], &token_secret, options].concat();
        let mut node = Self::launch(within, listen, data_dir.path(), &options);
        node.data_dir = Some(data_dir);
        node
    }

    /// Starts a server on a data directory that outlives it.
    pub(crate) fn start_on(data_dir: &Path, options: &[&str]) -> Self {
        Self::launch(&[], "127.0.0.1:0", data_dir, options)
    }

    /// The same by a command that becomes the one that follows it.
    pub(crate) fn start_within_on(within: &[&str], data_dir: &Path, options: &[&str]) -> Self {
        Self::launch(within, "127.0.0.1:0", data_dir, options)
    }

    fn launch(within: &[&str], listen: &str, data_dir: &Path, options: &[&str]) -> Self {
        let words = [within, &[env!("CARGO_BIN_EXE_hubbub")]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HUBBUB_LOG", "hubbub=info")
            .current_dir(data_dir);
        command.args(["serve", "--listen", listen, "--sign-up", "open", "--data-dir", "."]);
        command.args(["--access-token-secs", "3600", "--password-memory-kib", "8"]);
        command.args(["--rations", "off", "--sign-ins-per-minute", "100000", "--anonymous-socket-secs", "0"]);
        command.args(["--app-id", "1", "--app-key", APP_KEY, "--app-secret", APP_SECRET]);
        let mut process =
            command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (sender, mut log) = mpsc::unbounded_channel();
        let errors = BufReader::new(process.stderr.take().expect("piped"));
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // Read to its end whether or not the test still listens, or the process would block.
                let _ = sender.send((Instant::now(), line));
            }
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("it says something");
        let address = line.trim().strip_prefix("Hubbub is at http://").and_then(|text| text.parse().ok());
        let address = address.unwrap_or_else(|| {
            let status = process.wait().expect("a child");
            let log: Vec<_> = std::iter::from_fn(|| log.try_recv().ok()).map(|(_, line)| line).collect();
            panic!("it did not start: {status}, {log:#?}");
        });
        Self { process, address, log, data_dir: None }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        Listening::url(self, path)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("signalled");
    }

    /// SIGKILL: nothing of it runs on.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }

    /// SIGTERM, and how long it took to end.
    pub(crate) async fn terminate(&mut self) -> Duration {
        let started = Instant::now();
        self.signal(Signal::TERM);
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                assert!(status.success(), "{status}");
                return started.elapsed();
            }
            assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a line of the log that contains this; answers when it came.
    pub(crate) async fn logs(&mut self, part: &str, within: Duration) -> Instant {
        let find = async {
            while let Some((at, line)) = self.log.recv().await {
                if line.contains(part) {
                    return at;
                }
            }
            panic!("the log ended without {part:?}");
        };
        timeout(within, find).await.unwrap_or_else(|_| panic!("{part:?} was not logged within {within:?}"))
    }

    /// The value of a metric.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let answer =
            client_builder().build().expect("a client").get(self.url("/metrics")).send().await.expect("an answer");
        let text = answer.text().await.expect("text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .and_then(|value| value.strip_suffix(".0").unwrap_or(value).parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1_024
    }
}

impl Listening for ServerProcess {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // One that was killed already has nothing to kill; one that stands still does not mind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
