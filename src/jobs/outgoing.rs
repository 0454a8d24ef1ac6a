//! HTTP requests to URLs that users chose: no private addresses, with limits on time and size.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Client, Response};
use thiserror::Error;
use url::{Host, Url};

use super::public_address::is_public;

/// Calls URLs, but none at a private address unless that is allowed.
///
/// A name is resolved once for each connection, and what was checked is what is connected to: a name that leads
/// elsewhere a moment later gains nothing. Redirects are not followed, and no proxy is asked.
#[derive(Debug, Clone)]
pub struct OutgoingClient {
    client: Client,
    allows_private: bool,
    timeout: Duration,
}

/// What came back.
#[derive(Debug)]
pub(super) struct OutgoingResponse {
    pub(super) status: u16,
    /// How the text begins.
    pub(super) beginning: String,
}

/// Why nothing came back.
#[derive(Debug, Error)]
pub(super) enum OutgoingError {
    #[error("the URL cannot be called")]
    Url,
    #[error(transparent)]
    Private(#[from] PrivateAddress),
    #[error("{0}")]
    Failed(String),
}

/// The host is, or its name leads to, an address that is not on the public internet.
#[derive(Debug, Clone, Copy, Error)]
#[error("the address is private, and calls to those are not allowed (HUBBUB_ALLOW_PRIVATE_WEBHOOKS)")]
pub(super) struct PrivateAddress;

/// As much of an answer is kept as shows what went wrong; no more is read.
const KEPT_BYTES: usize = 1_024;

impl OutgoingClient {
    /// A client whose calls end after `timeout`, the whole answer included.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(allows_private: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        // Installed once for the process; whoever comes later finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("Hubbub/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .dns_resolver(CheckedResolver { allows_private })
            .build()?;
        Ok(Self { client, allows_private, timeout })
    }

    /// How long a call may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Posts a body.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<OutgoingResponse, OutgoingError> {
        let url = Url::parse(url).map_err(|_| OutgoingError::Url)?;
        // An address in the URL itself is never resolved.
        let address = match url.host().ok_or(OutgoingError::Url)? {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        };
        if address.is_some_and(|address| !self.allows_private && !is_public(address)) {
            return Err(PrivateAddress.into());
        }
        let answer = self.client.post(url).headers(headers).body(body).send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        Ok(OutgoingResponse { status, beginning: beginning(answer).await.map_err(failed)? })
    }
}

/// How an answer's text begins. Without NUL, which Postgres cannot store.
async fn beginning(mut answer: Response) -> Result<String, reqwest::Error> {
    let mut kept = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        kept.extend_from_slice(&chunk[..chunk.len().min(KEPT_BYTES - kept.len())]);
        if kept.len() == KEPT_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}"))
}

/// The whole chain, for the outermost error says only that a request failed; without the URL, which may be a secret.
fn failed(error: reqwest::Error) -> OutgoingError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<PrivateAddress>() {
            return PrivateAddress.into();
        }
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    OutgoingError::Failed(text)
}

/// Resolves names, and leaves out the addresses that must not be called.
struct CheckedResolver {
    allows_private: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_private = self.allows_private;
        Box::pin(async move {
            // The port of the URL takes the place of the 0.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| allows_private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(PrivateAddress.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(url: &str) -> OutgoingError {
        let client = OutgoingClient::new(false, Duration::from_secs(2)).expect("a client");
        client.post(url, HeaderMap::new(), Vec::new()).await.expect_err("private")
    }

    #[actix_web::test]
    async fn private_addresses_are_not_called_however_they_are_written() {
        for url in [
            "http://127.0.0.1:9/",
            "http://[::1]:9/",
            "http://0x7f.1:9/",
            "http://localhost:9/",
            "http://169.254.169.254/",
        ] {
            let refused = refusal(url).await;
            assert!(matches!(refused, OutgoingError::Private(_)), "{url}: {refused}");
        }
    }

    #[actix_web::test]
    async fn a_failure_does_not_repeat_the_url() {
        let client = OutgoingClient::new(true, Duration::from_secs(2)).expect("a client");
        let failed = client.post("http://127.0.0.1:1/secret-path", HeaderMap::new(), Vec::new()).await;
        let failed = failed.expect_err("nobody listens there").to_string();
        assert!(!failed.contains("secret-path") && failed.contains("refused"), "{failed}");
    }
}
