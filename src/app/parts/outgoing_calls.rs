//! HTTP clients for requests to other servers.

use std::time::Duration;

use crate::app::start_error::StartError;
use crate::config::ServeConfig;
use crate::jobs::OutgoingClient;

/// Chooses who does TLS's cryptography in this process.
pub fn install_cryptography() {
    // Installed once for the process; a second application in it, as in tests, finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for calls to others. It follows no redirects: a webhook goes where its owner said.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn http_client() -> Result<reqwest::Client, StartError> {
    install_cryptography();
    let client = reqwest::Client::builder().user_agent(concat!("Hubbub/", env!("CARGO_PKG_VERSION")));
    Ok(client.redirect(reqwest::redirect::Policy::none()).build()?)
}

/// The client for calls to addresses that people chose.
pub(in crate::app) fn outgoing_client(config: &ServeConfig) -> Result<OutgoingClient, StartError> {
    let timeout = Duration::from_millis(config.webhooks.timeout_ms);
    Ok(OutgoingClient::new(config.jobs.allow_private_webhooks, timeout)?)
}
