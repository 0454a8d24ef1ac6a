//! The file that says which apps there are, in TOML:
//!
//! ```toml
//! [[apps]]
//! id = "2"
//! key = "scores"
//! secret = "…"
//! allowed_origins = ["https://example.org"]
//!
//! [apps.limits]
//! max_sockets = 1000
//!
//! [[apps.webhooks]]
//! url = "https://example.org/hubbub"
//! events = ["channel_occupied", "channel_vacated"]
//! ```

use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use thiserror::Error;

use crate::pusher::{AllowedOrigin, App, AppId, AppLimits, AppWebhook};

use super::socket::SocketConfig;

/// Why the file of apps is refused.
#[derive(Debug, Error)]
pub enum AppsFileError {
    /// It cannot be read.
    #[error("{path}: {source} (HUBBUB_APPS_FILE)")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not valid TOML, or an entry is invalid.
    #[error("{path}: {reason} (HUBBUB_APPS_FILE)")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong, and where.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppsFile {
    #[serde(default)]
    apps: Vec<AppEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppEntry {
    id: String,
    key: String,
    secret: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "yes")]
    client_events: bool,
    #[serde(default)]
    subscription_counts: bool,
    #[serde(default)]
    authorization_timeout_secs: Option<u64>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    limits: LimitsEntry,
    #[serde(default)]
    webhooks: Vec<AppWebhook>,
}

/// Limits that differ from the settings' defaults.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LimitsEntry {
    max_sockets: Option<usize>,
    max_channels_per_socket: Option<usize>,
    max_event_data_bytes: Option<usize>,
    client_events_per_second: Option<u32>,
    subscriptions_per_second: Option<u32>,
    max_presence_members: Option<usize>,
    max_presence_member_bytes: Option<usize>,
    max_watchlist: Option<usize>,
    max_channels_per_event: Option<usize>,
    max_events_per_batch: Option<usize>,
    cache_ttl_secs: Option<u64>,
}

const fn yes() -> bool {
    true
}

/// The default limits of an app.
#[must_use]
pub fn default_limits(config: &SocketConfig) -> AppLimits {
    AppLimits {
        max_sockets: config.max_sockets,
        max_channels_per_socket: config.max_channels_per_socket,
        max_event_data_bytes: config.max_event_data_bytes,
        client_events_per_second: config.client_events_per_second,
        subscriptions_per_second: config.subscriptions_per_second,
        max_presence_members: config.max_presence_members,
        max_presence_member_bytes: config.max_presence_member_bytes,
        max_watchlist: config.max_watchlist,
        max_channels_per_event: config.max_channels_per_event,
        max_events_per_batch: config.max_events_per_batch,
        cache_ttl: Duration::from_secs(config.cache_ttl_secs),
    }
}

/// Reads the apps of a file.
///
/// # Errors
/// [`AppsFileError`], which names the file and, where it can, the line.
pub fn read_apps(path: &Path, config: &SocketConfig) -> Result<Vec<App>, AppsFileError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| AppsFileError::Read { path: name(), source })?;
    let invalid = |reason: String| AppsFileError::Invalid { path: name(), reason };
    let file: AppsFile = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let defaults = default_limits(config);
    file.apps.into_iter().map(|entry| entry.into_app(&defaults, config.max_frame_bytes).map_err(invalid)).collect()
}

/// Headers that the server writes itself: twice in a request, a receiver would believe either.
const RESERVED_HEADERS: [&str; 8] = [
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "host",
    "x-pusher-key",
    "x-pusher-signature",
];

/// Refuses a URL or header that would fail only when the first event is delivered.
fn check_webhook(webhook: &AppWebhook) -> Result<(), String> {
    let is_http = Url::parse(&webhook.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_http {
        return Err(format!("a webhook's url begins with http:// or https://; it is {:?}", webhook.url));
    }
    for (name, value) in &webhook.headers {
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            return Err(format!("a webhook's header {name:?} is not a valid HTTP header"));
        }
        if RESERVED_HEADERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(format!("a webhook's header {name:?} is set by the server, and cannot be another"));
        }
    }
    Ok(())
}

impl AppEntry {
    fn into_app(self, defaults: &AppLimits, max_frame_bytes: usize) -> Result<App, String> {
        let limits = self.limits.or(defaults);
        if limits.max_event_data_bytes > max_frame_bytes {
            return Err(format!(
                "max_event_data_bytes of the app {} is {}, and a client's frame has at most {max_frame_bytes} bytes \
                 (HUBBUB_MAX_FRAME_BYTES): no client could send so much",
                self.id, limits.max_event_data_bytes
            ));
        }
        if limits.subscriptions_per_second == 0 {
            return Err(format!(
                "subscriptions_per_second of the app {} is 0: nobody could join a channel twice",
                self.id
            ));
        }
        let id = self.id.parse::<AppId>().map_err(|invalid| invalid.to_string())?;
        App::check_credentials(&self.key, &self.secret).map_err(|invalid| invalid.to_string())?;
        self.webhooks.iter().try_for_each(check_webhook)?;
        let allowed_origins = self.allowed_origins.iter().map(|entry| AllowedOrigin::parse(entry));
        let allowed_origins = allowed_origins.collect::<Result<_, _>>().map_err(|invalid| invalid.to_string())?;
        Ok(App {
            id,
            key: self.key,
            secret: self.secret,
            is_enabled: self.enabled,
            has_client_events: self.client_events,
            has_subscription_counts: self.subscription_counts,
            authorization_timeout: self.authorization_timeout_secs.map(Duration::from_secs),
            allowed_origins,
            is_chat: false,
            limits,
            webhooks: self.webhooks,
        })
    }
}

impl LimitsEntry {
    fn or(&self, defaults: &AppLimits) -> AppLimits {
        AppLimits {
            max_sockets: self.max_sockets.unwrap_or(defaults.max_sockets),
            max_channels_per_socket: self.max_channels_per_socket.unwrap_or(defaults.max_channels_per_socket),
            max_event_data_bytes: self.max_event_data_bytes.unwrap_or(defaults.max_event_data_bytes),
            client_events_per_second: self.client_events_per_second.unwrap_or(defaults.client_events_per_second),
            subscriptions_per_second: self.subscriptions_per_second.unwrap_or(defaults.subscriptions_per_second),
            max_presence_members: self.max_presence_members.unwrap_or(defaults.max_presence_members),
            max_presence_member_bytes: self.max_presence_member_bytes.unwrap_or(defaults.max_presence_member_bytes),
            max_watchlist: self.max_watchlist.unwrap_or(defaults.max_watchlist),
            max_channels_per_event: self.max_channels_per_event.unwrap_or(defaults.max_channels_per_event),
            max_events_per_batch: self.max_events_per_batch.unwrap_or(defaults.max_events_per_batch),
            cache_ttl: self.cache_ttl_secs.map_or(defaults.cache_ttl, Duration::from_secs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServeConfig;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: ServeConfig,
    }

    fn read(text: &str) -> Result<Vec<App>, AppsFileError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("apps.toml");
        std::fs::write(&path, text).expect("written");
        read_apps(&path, &Cli::parse_from(["hubbub"]).serve.socket)
    }

    const APP: &str = "[[apps]]\nid = \"2\"\nkey = \"k\"\nsecret = \"s\"\n";

    #[test]
    fn what_an_app_does_not_say_is_as_the_settings_say() {
        let apps = read(&format!("{APP}[apps.limits]\nmax_sockets = 5\n")).expect("valid");
        let limits = &apps[0].limits;
        assert_eq!((limits.max_sockets, limits.max_event_data_bytes), (5, 10_240));
        assert!(apps[0].is_enabled && apps[0].webhooks.is_empty());
    }

    #[test]
    fn the_documented_file_is_one_and_says_every_key() {
        let documents = include_str!("../../../docs/sockets.md");
        let example = documents.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let apps = read(&example.replace('…', "x")).expect("valid");
        assert_eq!((apps.len(), apps[0].webhooks.len(), apps[0].limits.max_sockets), (1, 1, 1_000));
        let keys = "id key secret enabled client_events subscription_counts authorization_timeout_secs allowed_origins \
                    url events channel_prefix channel_suffix headers is_batched";
        for key in keys.split_whitespace() {
            assert!(example.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
        }
    }

    #[test]
    fn a_mistake_is_said_with_its_place() {
        for (text, part) in [
            (format!("{APP}secrett = \"x\"\n"), "secrett"),
            ("[[apps]]\nid = \"a/b\"\nkey = \"k\"\nsecret = \"s\"\n".to_owned(), "without /"),
            (format!("{APP}allowed_origins = [\"https://example.org/chat\"]\n"), "https://example.org/chat"),
            (format!("{APP}allowed_origins = [\"\"]\n"), "can never match"),
            (format!("{APP}[apps.limits]\nmax_event_data_bytes = 65537\n"), "HUBBUB_MAX_FRAME_BYTES"),
            (format!("{APP}[apps.limits]\nsubscriptions_per_second = 0\n"), "subscriptions_per_second"),
            (
                format!("{APP}[[apps.webhooks]]\nurl = \"http://x\"\nheaders = {{ \"x-pusher-KEY\" = \"c\" }}\n"),
                "x-pusher-KEY",
            ),
            (format!("{APP}[[apps.webhooks]]\nurl = \"u\"\nevents = [\"nonsense\"]\n"), "nonsense"),
            (format!("{APP}[[apps.webhooks]]\nurl = \"ftp://x\"\n"), "ftp://x"),
            (format!("{APP}[[apps.webhooks]]\nurl = \"http://x\"\nheaders = {{ \"a b\" = \"c\" }}\n"), "a b"),
            (APP.replace("\"k\"", "\"k:k\""), "k:k"),
            (APP.replace("\"s\"", "\"\""), "secret"),
        ] {
            let error = read(&text).expect_err("invalid").to_string();
            assert!(error.contains(part) && error.contains("HUBBUB_APPS_FILE"), "{error}");
        }
    }
}
