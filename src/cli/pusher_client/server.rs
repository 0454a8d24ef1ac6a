//! Which server a command speaks to, and with whose credentials.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use thiserror::Error;

use crate::app::{StartError, chat_credentials};
use crate::config::{InvalidPusherUrl, PusherServer, Secret, SocketConfig};

/// Which server, and whose credentials.
#[derive(Debug, Args)]
pub(in crate::cli) struct ServerArgs {
    /// The server and an app of it: pusher://KEY:SECRET@HOST:PORT/apps/ID, or pushers:// for TLS. Without it: the chat's
    /// own app of the Hubbub server at --listen, with the credentials in --data-dir
    #[arg(long, env = "HUBBUB_SERVER", value_name = "URL", hide_env_values = true)]
    server: Option<Secret>,
    /// Address of the local Hubbub server
    #[arg(long, env = "HUBBUB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Data directory of the local Hubbub server; that of the demo is ./demo-data
    #[arg(long, env = "HUBBUB_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Why there is no server to connect to.
#[derive(Debug, Error)]
pub(in crate::cli) enum ServerError {
    /// The URL is invalid.
    #[error("--server: {0} (HUBBUB_SERVER)")]
    Url(#[from] InvalidPusherUrl),
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
    pub(in crate::cli) fn find(&self) -> Result<PusherServer, ServerError> {
        if let Some(url) = &self.server {
            return Ok(PusherServer::parse(url.expose())?);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_listens_to_all_is_reached_by_loopback() {
        for (listens, reached) in [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.0.0.1", "10.0.0.1")] {
            assert_eq!(reachable(listens.parse().expect("an address")).to_string(), reached);
        }
    }
}
