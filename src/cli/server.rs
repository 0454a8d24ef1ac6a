//! Which server a command speaks to, and with whose credentials.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use reqwest::Url;
use thiserror::Error;

use crate::app::{StartError, chat_credentials};
use crate::config::{Secret, SocketConfig};

/// A server, given or found.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The server and an app of it: pusher://KEY:SECRET@HOST:PORT/apps/ID, or pushers:// for TLS. Without it: the chat's
    /// own app of the Hubbub at --listen, whose credentials lie in --data-dir
    #[arg(long, env = "HUBBUB_SERVER", value_name = "URL", hide_env_values = true)]
    server: Option<Secret>,
    /// Where that Hubbub listens
    #[arg(long, env = "HUBBUB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Where that Hubbub keeps its credentials
    #[arg(long, env = "HUBBUB_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
}

/// A Pusher-compatible server, and an app of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PusherServer {
    pub(super) app_id: String,
    pub(super) key: String,
    pub(super) secret: Secret,
    is_tls: bool,
    host: String,
    port: u16,
    /// What precedes `/app` and `/apps` in paths: empty, or with a slash before it.
    prefix: String,
}

/// Why there is nobody to speak to.
#[derive(Debug, Error)]
pub(super) enum ServerError {
    /// The URL is of another form. It is not repeated, for it may hold a secret.
    #[error("--server is pusher://KEY:SECRET@HOST:PORT/apps/ID, or pushers:// for TLS; {0} (HUBBUB_SERVER)")]
    Url(&'static str),
    /// There are no credentials in the data directory.
    #[error(transparent)]
    Credentials(#[from] StartError),
    /// The settings of the environment are wrong.
    #[error("{0}")]
    Environment(#[from] clap::Error),
}

impl ServerArgs {
    /// The server that the arguments name.
    ///
    /// # Errors
    /// [`ServerError`].
    pub(super) fn find(&self) -> Result<PusherServer, ServerError> {
        if let Some(url) = &self.server {
            return PusherServer::parse(url.expose());
        }
        let credentials = chat_credentials(&SocketConfig::from_environment()?, &self.data_dir)?;
        Ok(PusherServer {
            app_id: credentials.id,
            key: credentials.key,
            secret: credentials.secret.into(),
            is_tls: false,
            host: reachable(self.listen.ip()).to_string(),
            port: self.listen.port(),
            prefix: String::new(),
        })
    }
}

/// An address that listens to all is reached by loopback.
fn reachable(address: IpAddr) -> HostOf {
    HostOf(match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    })
}

/// An address as it stands in a URL: version 6 in brackets.
struct HostOf(IpAddr);

impl fmt::Display for HostOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl PusherServer {
    fn parse(url: &str) -> Result<Self, ServerError> {
        let url = Url::parse(url).map_err(|_| ServerError::Url("this is no URL"))?;
        let is_tls = match url.scheme() {
            "pusher" => false,
            "pushers" => true,
            _ => return Err(ServerError::Url("this begins otherwise")),
        };
        let (prefix, app_id) =
            url.path().rsplit_once("/apps/").ok_or(ServerError::Url("this does not end /apps/ID"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ServerError::Url("this has no host"))?;
        let (key, secret) = (url.username(), url.password().unwrap_or_default());
        if key.is_empty() || secret.is_empty() || app_id.is_empty() {
            return Err(ServerError::Url("this lacks the key, the secret or the id"));
        }
        Ok(Self {
            app_id: app_id.to_owned(),
            key: key.to_owned(),
            secret: secret.to_owned().into(),
            is_tls,
            host: host.to_owned(),
            port: url.port().unwrap_or(if is_tls { 443 } else { 80 }),
            prefix: prefix.to_owned(),
        })
    }

    /// The path of one of the app's resources in the HTTP API, as it is signed.
    pub(super) fn api_path(&self, resource: &str) -> String {
        format!("{}/apps/{}/{resource}", self.prefix, self.app_id)
    }

    /// The URL of a path.
    pub(super) fn http_url(&self, path: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}:{}{path}", self.host, self.port)
    }

    /// The URL that sockets connect to. The hosted service has another host for them than for its API.
    pub(super) fn socket_url(&self) -> String {
        let scheme = if self.is_tls { "wss" } else { "ws" };
        let host = match self.host.strip_prefix("api") {
            Some(rest) if rest.ends_with(".pusher.com") || rest.ends_with(".pusherapp.com") => format!("ws{rest}"),
            _ => self.host.clone(),
        };
        let query = concat!("protocol=7&client=hubbub&version=", env!("CARGO_PKG_VERSION"));
        format!("{scheme}://{host}:{}{}/app/{}?{query}", self.port, self.prefix, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_the_server_the_app_and_its_secret() {
        let server = PusherServer::parse("pusher://k:s@localhost:6001/behind/apps/7").expect("valid");
        assert_eq!(server.http_url(&server.api_path("events")), "http://localhost:6001/behind/apps/7/events");
        assert!(server.socket_url().starts_with("ws://localhost:6001/behind/app/k?protocol=7&"));
        let hosted = PusherServer::parse("pushers://k:s@api-eu.pusher.com/apps/7").expect("valid");
        assert_eq!(hosted.http_url(&hosted.api_path("events")), "https://api-eu.pusher.com:443/apps/7/events");
        assert!(hosted.socket_url().starts_with("wss://ws-eu.pusher.com:443/app/k?"));
    }

    #[test]
    fn a_url_of_another_form_is_refused_without_repeating_it() {
        for url in
            ["", "http://k:s3cret@h/apps/1", "pusher://k:s3cret@h/", "pusher://k@h/apps/1", "pusher://k:s3cret@h/apps/"]
        {
            let refused = PusherServer::parse(url).expect_err("no server").to_string();
            assert!(refused.contains("HUBBUB_SERVER") && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn an_address_that_listens_to_all_is_reached_by_loopback() {
        for (listens, reached) in [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.0.0.1", "10.0.0.1")] {
            assert_eq!(reachable(listens.parse().expect("an address")).to_string(), reached);
        }
    }
}
