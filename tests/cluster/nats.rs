//! A NATS server of a test's own.

use std::env;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(10);

/// One server, which can be killed and started again at the same address.
pub(crate) struct Nats {
    program: PathBuf,
    arguments: Vec<String>,
    address: SocketAddr,
    process: Option<Child>,
}

/// Debian keeps it out of the path of ordinary users. `None`, which is said, when it is missing; a failure when
/// `HUBBUB_TEST_REQUIRE_NATS` is set.
fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join("nats-server")).find(|program| program.is_file());
    if found.is_none() {
        assert!(env::var_os("HUBBUB_TEST_REQUIRE_NATS").is_none(), "nats-server is missing: install its package");
        eprintln!("SKIPPED: nats-server is missing: install its package, or run tests/require.sh nats-server");
    }
    found
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

impl Nats {
    pub(crate) fn start() -> Option<Self> {
        let mut nats = Self { program: find()?, arguments: Vec::new(), address: free_address(), process: None };
        nats.run();
        Some(nats)
    }

    /// Three servers that know each other.
    pub(crate) fn start_three() -> Option<[Self; 3]> {
        let program = find()?;
        let routes = [free_address(), free_address(), free_address()];
        let all = routes.map(|route| format!("nats://{route}")).join(",");
        Some(routes.map(|route| {
            let arguments = ["--cluster_name", "test", "--cluster", &format!("nats://{route}"), "--routes", &all];
            let arguments = arguments.map(str::to_owned).to_vec();
            let mut nats = Self { program: program.clone(), arguments, address: free_address(), process: None };
            nats.run();
            nats
        }))
    }

    /// Starts it, or starts it again.
    pub(crate) fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--addr", "127.0.0.1", "--port", &self.address.port().to_string()]).args(&self.arguments);
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"));
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(started.elapsed() < START, "nats-server does not listen");
            sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("gone");
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
