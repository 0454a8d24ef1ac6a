//! A Pusher-compatible server as a URL names it.

use thiserror::Error;
use url::Url;

use super::Secret;

/// A Pusher-compatible server, and an app of it: `pusher://KEY:SECRET@HOST:PORT/apps/ID`, or `pushers://` for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PusherServer {
    /// The app's id.
    pub app_id: String,
    /// The app's public key.
    pub key: String,
    /// The app's secret.
    pub secret: Secret,
    /// Whether it is reached by TLS.
    pub is_tls: bool,
    /// The host, as it stands in a URL.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What precedes `/app` and `/apps` in paths: empty, or with a slash before it.
    pub prefix: String,
}

/// The URL is of another form. It is not repeated, for it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the URL must be pusher://KEY:SECRET@HOST:PORT/apps/ID, or pushers:// for TLS; {0}")]
pub struct InvalidPusherUrl(&'static str);

impl PusherServer {
    /// Parses a URL.
    ///
    /// # Errors
    /// [`InvalidPusherUrl`].
    pub fn parse(url: &str) -> Result<Self, InvalidPusherUrl> {
        let url = Url::parse(url).map_err(|_| InvalidPusherUrl("this is not a URL"))?;
        let is_tls = match url.scheme() {
            "pusher" => false,
            "pushers" => true,
            _ => return Err(InvalidPusherUrl("the scheme is neither pusher nor pushers")),
        };
        let (prefix, app_id) =
            url.path().rsplit_once("/apps/").ok_or(InvalidPusherUrl("the path does not end with /apps/ID"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidPusherUrl("the host is missing"))?;
        let (key, secret) = (url.username(), url.password().unwrap_or_default());
        if key.is_empty() || secret.is_empty() || app_id.is_empty() {
            return Err(InvalidPusherUrl("the key, the secret or the app id is missing"));
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
    #[must_use]
    pub fn api_path(&self, resource: &str) -> String {
        format!("{}/apps/{}/{resource}", self.prefix, self.app_id)
    }

    /// The URL of a path.
    #[must_use]
    pub fn http_url(&self, path: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}:{}{path}", self.host, self.port)
    }

    /// The URL that sockets connect to. The hosted service has another host for them than for its API.
    #[must_use]
    pub fn socket_url(&self) -> String {
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
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
}
