//! Settings of the bus between processes, and the URL of the socket server for the page.

use std::fmt;
use std::net::IpAddr;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use url::Url;

use super::{ConfigError, ProcessRole, PusherServer, Secret};

/// The bus, and the limits of what waits for it.
#[derive(Debug, Clone, Args)]
pub struct BusConfig {
    /// The bus that carries events to the sockets: local: (this process), pusher://KEY:SECRET@HOST:PORT/apps/ID (a socket server's
    /// HTTP API; pushers:// for TLS), or nats://HOST:PORT,HOST:PORT (several processes of Hubbub)
    #[arg(long = "bus", env = "HUBBUB_BUS", default_value = "local:", value_name = "URL", hide_env_values = true)]
    pub url: Secret,
    /// The socket server of --bus pusher:// is not Hubbub: channel authorizations follow the plain Pusher protocol, without
    /// the user's id, and a user who is removed from a room is disconnected
    #[arg(long, env = "HUBBUB_FOREIGN_SOCKET_SERVER")]
    pub foreign_socket_server: bool,
    /// URL of the socket server for the page: wss://HOST:PORT; default: the address that served the page
    #[arg(long, env = "HUBBUB_SOCKET_URL", value_name = "URL")]
    pub socket_url: Option<String>,
    /// Events that may wait for the bus; when it is full the oldest is dropped, and clients are told to read the log
    #[arg(long, env = "HUBBUB_BUS_QUEUE", default_value_t = 8_192, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub bus_queue: usize,
    /// Events in one request to the HTTP API of a socket server
    #[arg(long, env = "HUBBUB_BUS_BATCH", default_value_t = 10, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub bus_batch: usize,
    /// How long a node without a connection to the bus keeps its sockets, in seconds; then it closes them, and clients
    /// reconnect to another node
    #[arg(long, env = "HUBBUB_BUS_OUTAGE_SECS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    pub bus_outage_secs: u64,
    /// Share of what comes over the bus that is lost, and as much again repeated, in percent; delays the rest. For tests.
    #[arg(long, env = "HUBBUB_BUS_FAULTS_PERCENT", default_value_t = 0, hide = true, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub bus_faults_percent: u8,
}

/// What a bus's URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusAddress {
    /// This process alone.
    Local,
    /// The HTTP API of a Pusher-compatible server.
    Pusher(PusherServer),
    /// Servers of NATS, any of which will do. Each may hold a password.
    Nats(Vec<Secret>),
}

/// Where the page finds its sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketAddress {
    /// The host, as it stands in a URL.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is reached by TLS.
    pub is_tls: bool,
}

impl BusConfig {
    /// What the URL names.
    ///
    /// # Errors
    /// [`ConfigError::UnknownBus`], [`ConfigError::PusherBus`], [`ConfigError::NatsBus`].
    pub fn address(&self) -> Result<BusAddress, ConfigError> {
        let url = self.url.expose();
        match url.split(':').next().unwrap_or_default() {
            "local" => Ok(BusAddress::Local),
            "pusher" | "pushers" => Ok(BusAddress::Pusher(PusherServer::parse(url)?)),
            "nats" | "tls" => nats_servers(url).map(BusAddress::Nats).ok_or(ConfigError::NatsBus),
            // A password typed into the wrong place must not come out in a log.
            other => Err(ConfigError::UnknownBus(other.chars().take(20).collect())),
        }
    }

    /// Where the page finds its sockets; `None`: where the page came from.
    ///
    /// # Errors
    /// [`ConfigError::SocketUrl`].
    pub fn socket_address(&self) -> Result<Option<SocketAddress>, ConfigError> {
        let Some(text) = &self.socket_url else { return Ok(None) };
        let refuse = || ConfigError::SocketUrl(text.clone());
        let url = Url::parse(text).map_err(|_| refuse())?;
        let is_tls = match url.scheme() {
            "ws" => false,
            "wss" => true,
            _ => return Err(refuse()),
        };
        match (url.host_str(), url.path()) {
            (Some(host), "" | "/") if url.username().is_empty() && url.query().is_none() => Ok(Some(SocketAddress {
                host: host.to_owned(),
                port: url.port().unwrap_or(if is_tls { 443 } else { 80 }),
                is_tls,
            })),
            _ => Err(refuse()),
        }
    }

    /// Whether the page finds its sockets where it came from, or at a loopback address.
    ///
    /// # Errors
    /// [`ConfigError::SocketUrl`].
    pub(super) fn sockets_are_local(&self) -> Result<bool, ConfigError> {
        Ok(self.socket_address()?.is_none_or(|address| is_loopback(&address.host)))
    }

    /// Whether events stay on this machine.
    ///
    /// # Errors
    /// As [`Self::address`].
    pub(super) fn is_on_this_machine(&self) -> Result<bool, ConfigError> {
        Ok(match self.address()? {
            BusAddress::Local => true,
            BusAddress::Pusher(server) => is_loopback(&server.host),
            BusAddress::Nats(servers) => servers
                .iter()
                .all(|server| Url::parse(server.expose()).is_ok_and(|url| url.host_str().is_some_and(is_loopback))),
        })
    }

    pub(super) fn validate(&self, role: ProcessRole) -> Result<(), ConfigError> {
        self.socket_address()?;
        match (role, self.address()?) {
            (ProcessRole::All | ProcessRole::Ws, BusAddress::Pusher(_)) => {
                Err(ConfigError::PusherBusBesideSockets(role))
            }
            (ProcessRole::Web, BusAddress::Local) => Err(ConfigError::WebNeedsBus),
            (ProcessRole::Web, _) | (_, BusAddress::Local | BusAddress::Nats(_)) => Ok(()),
        }
    }
}

/// Whether a URL's host is this machine: `localhost`, `127.0.0.1`, `[::1]`.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// `nats://a:4222,b:4222` or `nats://a:4222,nats://b:4222`: the servers, each with its scheme.
fn nats_servers(url: &str) -> Option<Vec<Secret>> {
    let (scheme, _) = url.split_once("://")?;
    let servers = url.split(',').map(|server| match server.contains("://") {
        true => server.to_owned(),
        false => format!("{scheme}://{server}"),
    });
    let servers: Vec<String> = servers.collect();
    let is_server = |server: &String| Url::parse(server).is_ok_and(|url| url.host_str().is_some_and(|h| !h.is_empty()));
    servers.iter().all(is_server).then(|| servers.into_iter().map(Secret::from).collect())
}

/// As it stands in a Content-Security-Policy.
impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "wss" } else { "ws" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, socket_url: Option<&str>) -> BusConfig {
        BusConfig {
            url: url.to_owned().into(),
            socket_url: socket_url.map(str::to_owned),
            foreign_socket_server: false,
            bus_queue: 1,
            bus_batch: 1,
            bus_outage_secs: 1,
            bus_faults_percent: 0,
        }
    }

    #[test]
    fn a_list_of_servers_is_written_with_one_scheme_or_with_one_each() {
        for url in ["nats://u:p@a:1,b:2", "nats://u:p@a:1,nats://b:2"] {
            let Ok(BusAddress::Nats(servers)) = config(url, None).address() else { panic!("{url}") };
            let servers: Vec<_> = servers.iter().map(Secret::expose).collect();
            assert_eq!(servers, ["nats://u:p@a:1", "nats://b:2"]);
        }
    }

    #[test]
    fn a_bus_that_a_role_cannot_use_is_refused_with_the_setting_to_change() {
        let pusher = "pusher://k:s3cret@h:1/apps/1";
        let refused = [
            (ProcessRole::Web, "local:", "--bus"),
            (ProcessRole::All, pusher, "--role web"),
            (ProcessRole::Ws, pusher, "--role web"),
            (ProcessRole::Ws, "pusher://s3cret", "HUBBUB_BUS"),
            (ProcessRole::Ws, "nats:", "HUBBUB_BUS"),
            (ProcessRole::Ws, "redis://:s3cret@h", "HUBBUB_BUS"),
        ];
        for (role, url, part) in refused {
            let error = config(url, None).validate(role).expect_err(url).to_string();
            assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
        }
        for (role, url) in [
            (ProcessRole::All, "local:"),
            (ProcessRole::Ws, "local:"),
            (ProcessRole::Web, pusher),
            (ProcessRole::Ws, "nats://h"),
        ] {
            assert!(config(url, None).validate(role).is_ok(), "{role:?} {url}");
        }
    }

    #[test]
    fn the_sockets_have_a_host_and_no_path() {
        let address = |url| config("local:", Some(url)).socket_address().ok().flatten().map(|a| a.to_string());
        assert_eq!(address("wss://sockets.example.org").as_deref(), Some("wss://sockets.example.org:443"));
        assert_eq!(address("ws://[::1]:8081/").as_deref(), Some("ws://[::1]:8081"));
        for url in ["https://h", "wss://h/path", "h:80", "wss://u@h", "wss://h?x=1"] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
