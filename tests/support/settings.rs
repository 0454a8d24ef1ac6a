//! Credentials and deadlines, and what the environment changes about a run.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use hubbub::config::SocketTransport;
use reqwest::{Client, ClientBuilder};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const APP_KEY: &str = "app-key";
pub(crate) const APP_SECRET: &str = "app-secret";
/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Something that listens at an address.
pub(crate) trait Listening {
    fn address(&self) -> SocketAddr;

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }
}

impl Listening for SocketAddr {
    fn address(&self) -> SocketAddr {
        *self
    }
}

/// What a client is built with. A process chooses its cryptography once, and a test may do so before any server.
pub(crate) fn client_builder() -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(DEADLINE)
}

/// A number from the environment, by which `make torture` makes a test longer, or a failure is repeated.
pub(crate) fn setting<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value:?}")))
}

/// The transport that the servers of this run serve sockets with: `HUBBUB_TEST_SOCKET_TRANSPORT` is `tcp` or `actix-ws`.
/// `make test` runs the tests of sockets once with each.
pub(crate) fn transport() -> SocketTransport {
    match std::env::var("HUBBUB_TEST_SOCKET_TRANSPORT") {
        Ok(name) => SocketTransport::from_str(&name, false).expect("HUBBUB_TEST_SOCKET_TRANSPORT is tcp or actix-ws"),
        Err(_) => SocketTransport::Tcp,
    }
}

/// Says that a test is skipped, past the test runner's capture of output; fails when the variable `require` is set.
pub(crate) fn skip(reason: &str, require: &str) {
    assert!(std::env::var_os(require).is_none(), "{reason}, and {require} is set");
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // A closed output has nobody to tell.
    let _ = writeln!(io::stderr(), "SKIPPED {name}: {reason}");
}
