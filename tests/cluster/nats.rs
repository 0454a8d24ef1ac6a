//! A NATS server of a test's own.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::settings::skip;

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
        let reason = "nats-server is missing: install its package, or run tests/require.sh nats-server";
        skip(reason, "HUBBUB_TEST_REQUIRE_NATS");
    }
    found
}

/// A port that was free a moment ago.
fn free_address(ip: IpAddr) -> SocketAddr {
    TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr()).expect("a port")
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Nats {
    pub(crate) fn start() -> Option<Self> {
        Self::start_at(LOOPBACK)
    }

    pub(crate) fn start_at(ip: IpAddr) -> Option<Self> {
        let mut nats = Self { program: find()?, arguments: Vec::new(), address: free_address(ip), process: None };
        nats.run();
        Some(nats)
    }

    /// Three servers that know each other.
    pub(crate) fn start_three() -> Option<[Self; 3]> {
        let program = find()?;
        let routes = [(); 3].map(|()| free_address(LOOPBACK));
        let all = routes.map(|route| format!("nats://{route}")).join(",");
        Some(routes.map(|route| {
            let arguments = ["--cluster_name", "test", "--cluster", &format!("nats://{route}"), "--routes", &all];
            let arguments = arguments.map(str::to_owned).to_vec();
            let mut nats = Self { program: program.clone(), arguments, address: free_address(LOOPBACK), process: None };
            nats.run();
            nats
        }))
    }

    /// Starts it, or starts it again.
    pub(crate) fn run(&mut self) {
        let mut command = Command::new(&self.program);
        let (ip, port) = (self.address.ip().to_string(), self.address.port().to_string());
        command.args(["--addr", &ip, "--port", &port]).args(&self.arguments);
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
