//! All settings of the server, and the checks between them.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::{
    AuthConfig, BusAddress, BusConfig, ConfigError, DocumentsConfig, HttpConfig, JobsConfig, ProcessRole,
    RationsConfig, Secret, SocketConfig, StoreConfig, WebhookConfig,
};

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum SignUp {
    /// Everybody who can reach the server.
    Open,
    /// People with an invitation that an administrator created.
    Invite,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The settings of `hubbub serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// Address, or name of an address of this machine, and port to listen on
    #[arg(long, env = "HUBBUB_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT", value_parser = parse_listen)]
    pub listen: SocketAddr,
    /// Data directory: the embedded database, and the keys and credentials generated on first start; with --demo
    /// ./demo-data when not given
    #[arg(
        long,
        env = "HUBBUB_DATA_DIR",
        default_value = "./data",
        default_value_if("demo", "true", "./demo-data"),
        value_name = "DIR"
    )]
    pub data_dir: PathBuf,
    /// Directory of uploaded files, to be shared by several web nodes; default: files in the data directory
    #[arg(long, env = "HUBBUB_FILES_DIR", value_name = "DIR")]
    pub files_dir: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://…; without it, SQLite in the data directory
    #[arg(long, env = "HUBBUB_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// Which parts this process runs
    #[arg(long, env = "HUBBUB_ROLE", value_enum, default_value_t = ProcessRole::All)]
    pub role: ProcessRole,
    /// Create two demo users, rooms and messages, and open sign-up, in a database of its own; only on a loopback address,
    /// and not with settings that lead to it from outside
    #[arg(long, env = "HUBBUB_DEMO")]
    pub demo: bool,
    /// Public URL of the server when it is behind a proxy; with https:// cookies are marked Secure
    #[arg(long, env = "HUBBUB_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Who may create an account
    #[arg(long, env = "HUBBUB_SIGN_UP", value_enum, default_value_t = SignUp::Invite)]
    pub sign_up: SignUp,
    /// Threads that serve HTTP and sockets; 0: one per core
    #[arg(long, env = "HUBBUB_WORKERS", default_value_t = 0, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_024))]
    pub workers: usize,
    /// Format of log lines
    #[arg(long, env = "HUBBUB_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Bearer token required by /metrics; without one, /metrics answers on a loopback address only, and not behind a proxy
    #[arg(long, env = "HUBBUB_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<Secret>,
    /// Settings of the bus.
    #[command(flatten, next_help_heading = "Bus")]
    pub bus: BusConfig,
    /// Settings of the HTTP API.
    #[command(flatten, next_help_heading = "HTTP API")]
    pub http: HttpConfig,
    /// Settings of shared documents.
    #[command(flatten, next_help_heading = "Documents")]
    pub documents: DocumentsConfig,
    /// Settings of the store.
    #[command(flatten, next_help_heading = "Store")]
    pub store: StoreConfig,
    /// Settings of passwords, sessions and tokens.
    #[command(flatten, next_help_heading = "Identity")]
    pub auth: AuthConfig,
    /// How much one person and one address may do.
    #[command(flatten, next_help_heading = "Rations (0: no limit)")]
    pub rations: RationsConfig,
    /// Settings of background jobs.
    #[command(flatten, next_help_heading = "Jobs and webhooks")]
    pub jobs: JobsConfig,
    /// Settings of the socket server.
    #[command(flatten, next_help_heading = "Socket server")]
    pub socket: SocketConfig,
    /// Settings of the socket server's webhooks.
    #[command(flatten, next_help_heading = "Webhooks of the socket server")]
    pub webhooks: WebhookConfig,
}

/// An address with its port, or a name such as `localhost:8080`; of a name's addresses the first of IPv4, or else the first.
///
/// # Errors
/// A sentence that says what it must be.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let addresses =
        text.to_socket_addrs().map_err(|error| format!("it must be HOST:PORT, such as 127.0.0.1:8080 ({error})"))?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    address.copied().ok_or_else(|| "the name has no address".to_owned())
}

/// What scanners would take days for, and not minutes.
const MIN_METRICS_TOKEN_BYTES: usize = 16;
/// The hosted service's have 20.
const MIN_APP_SECRET_BYTES: usize = 8;

/// RFC 7518 wants 256 bits for HS256.
const MIN_TOKEN_SECRET_BYTES: usize = 32;

impl ServeConfig {
    /// Refuses combinations of settings that cannot work, with a sentence that says what to set.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.demo {
            self.validate_demo()?;
        }
        self.bus.validate(self.role)?;
        if self.socket.app_id.is_some() && matches!(self.bus.address()?, BusAddress::Pusher(_)) {
            return Err(ConfigError::AppTwice);
        }
        if let Some(url) =
            self.public_url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return Err(ConfigError::PublicUrl(url.to_owned()));
        }
        let is_short =
            |secret: &Option<Secret>, least| secret.as_ref().is_some_and(|secret| secret.expose().len() < least);
        if is_short(&self.metrics_token, MIN_METRICS_TOKEN_BYTES) {
            return Err(ConfigError::ShortSecret("HUBBUB_METRICS_TOKEN", MIN_METRICS_TOKEN_BYTES));
        }
        if is_short(&self.socket.app_secret, MIN_APP_SECRET_BYTES) {
            return Err(ConfigError::ShortSecret("HUBBUB_APP_SECRET", MIN_APP_SECRET_BYTES));
        }
        if let Some(url) = self.public_url.as_deref().filter(|url| has_path(url)) {
            return Err(ConfigError::PublicUrlWithPath(url.to_owned()));
        }
        if self.auth.token_secret.as_ref().is_some_and(|secret| secret.expose().len() < MIN_TOKEN_SECRET_BYTES) {
            return Err(ConfigError::TokenSecret);
        }
        self.socket.validate()
    }

    /// The demo's passwords are public: whatever leads to it from another machine is refused.
    fn validate_demo(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() {
            return Err(ConfigError::DemoNotLoopback(self.listen));
        }
        if !self.role.has_store() {
            return Err(ConfigError::DemoWithoutDatabase);
        }
        let ways = [
            (self.public_url.is_some(), "--public-url (HUBBUB_PUBLIC_URL)"),
            (self.auth.trust_proxy, "--trust-proxy (HUBBUB_TRUST_PROXY)"),
            (!self.http.allowed_hosts.is_empty(), "--allowed-hosts (HUBBUB_ALLOWED_HOSTS)"),
            (!self.bus.sockets_are_local()?, "--socket-url (HUBBUB_SOCKET_URL)"),
            (!self.bus.is_on_this_machine()?, "--bus (HUBBUB_BUS)"),
        ];
        match ways.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, setting)) => Err(ConfigError::DemoFromOutside(setting)),
            None => Ok(()),
        }
    }

    /// Whether clients reach the server over TLS: `HUBBUB_PUBLIC_URL` begins with `https://`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Who may create an account: in the demo, everybody.
    #[must_use]
    pub const fn effective_sign_up(&self) -> SignUp {
        if self.demo { SignUp::Open } else { self.sign_up }
    }
}

/// Whether a URL has more than a scheme, a host and a port.
fn has_path(url: &str) -> bool {
    let host_on = url.split_once("://").map_or(url, |(_, rest)| rest);
    host_on.trim_end_matches('/').contains(['/', '?', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_below_a_path_is_noticed() {
        for url in [
            "https://example.org/chat",
            "https://example.org/chat/",
            "http://example.org:8080/?x=1",
            "https://example.org/#a",
        ] {
            assert!(has_path(url), "{url}");
        }
        for url in ["https://example.org", "https://example.org/", "http://10.0.0.7:8080", "http://[::1]:8080/"] {
            assert!(!has_path(url), "{url}");
        }
    }
}
