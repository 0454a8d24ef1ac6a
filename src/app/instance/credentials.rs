//! The chat's own app on the socket server: from the settings, or generated on first start.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::start_error::StartError;
use crate::config::{BusAddress, ConfigError, ServeConfig, SocketConfig, default_limits, require_private};
use crate::pusher::{AllowedOrigin, App, AppId, InvalidCredentials};

use super::data_dir::DataDir;

const FILE: &str = "socket-app.json";

/// The credentials of an app: `{"id":"1","key":"…","secret":"…"}`.
#[derive(Serialize, Deserialize)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its public key.
    pub key: String,
    /// Its secret.
    pub secret: String,
}

impl Credentials {
    /// New ones. The key names the app in URLs, so 10 bytes of it are enough to be unique; the secret has 32 to be
    /// unguessable.
    #[must_use]
    pub fn generate(id: AppId) -> Self {
        let key: [u8; 10] = rand::random();
        let secret: [u8; 32] = rand::random();
        Self { id: id.to_string(), key: hex::encode(key), secret: hex::encode(secret) }
    }
}

/// The chat's own app, with client events for shared documents and typing.
///
/// With `--bus pusher://` it is the app of that URL. A process with the database generates it on first start; a socket
/// server in a process of its own needs it in its settings, or the data directory of such a process.
pub(in crate::app) fn chat_app(config: &ServeConfig, data_dir: Option<&DataDir>) -> Result<App, StartError> {
    let made = || serde_json::json!(Credentials::generate(AppId::numbered(1))).to_string();
    let Credentials { id, key, secret } = match (config.bus.address()?, given(&config.socket), data_dir) {
        (BusAddress::Pusher(server), ..) => {
            Credentials { id: server.app_id, key: server.key, secret: server.secret.expose().to_owned() }
        }
        (_, Some(credentials), _) => credentials,
        (_, None, Some(data_dir)) => parse(&data_dir.read_or_make(FILE, made)?, data_dir.path())?,
        (_, None, None) => {
            chat_credentials(&config.socket, &config.data_dir).map_err(|error| StartError::NoApp(error.to_string()))?
        }
    };
    App::check_credentials(&key, &secret)?;
    Ok(App {
        id: id.parse().map_err(InvalidCredentials::Id)?,
        key,
        secret,
        is_enabled: true,
        has_client_events: true,
        has_subscription_counts: false,
        // Everybody may open a socket of the chat; a page joins a channel at once.
        authorization_timeout: Some(Duration::from_secs(config.socket.anonymous_socket_secs.into()))
            .filter(|time| !time.is_zero()),
        allowed_origins: allowed_origins(config)?,
        is_chat: true,
        limits: default_limits(&config.socket),
        webhooks: Vec::new(),
    })
}

/// Where a page must come from to open sockets of the chat: from the public URL, unless other origins are named.
fn allowed_origins(config: &ServeConfig) -> Result<Vec<AllowedOrigin>, ConfigError> {
    let public = config.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let public = public.map(|url| url.origin().ascii_serialization());
    let named = config.socket.socket_origins.iter();
    let origins: Vec<&String> = if named.len() > 0 { named.collect() } else { public.iter().collect() };
    let parse = |origin: &String| AllowedOrigin::parse(origin).map_err(|_| ConfigError::SocketOrigin(origin.clone()));
    origins.into_iter().map(parse).collect()
}

/// The credentials of the chat's own app, for a command that speaks to its server: from the settings, or as the server
/// made them on its first start.
///
/// # Errors
/// When the server was never started on this directory, or its file cannot be read.
pub fn chat_credentials(config: &SocketConfig, data_dir: &Path) -> Result<Credentials, StartError> {
    if let Some(credentials) = given(config) {
        return Ok(credentials);
    }
    let file = data_dir.join(FILE);
    require_private(&file)?;
    let text = fs::read_to_string(&file).map_err(|error| StartError::DataDir {
        path: file.display().to_string(),
        reason: format!("{error}; is this where the server keeps its data?"),
    })?;
    parse(&text, data_dir)
}

fn given(config: &SocketConfig) -> Option<Credentials> {
    let (id, key, secret) = (config.app_id.clone()?, config.app_key.clone()?, config.app_secret.as_ref()?);
    Some(Credentials { id, key, secret: secret.expose().to_owned() })
}

fn parse(text: &str, data_dir: &Path) -> Result<Credentials, StartError> {
    serde_json::from_str(text).map_err(|error| StartError::DataDir {
        path: data_dir.join(FILE).display().to_string(),
        reason: format!("is not what was written there ({error}); remove it to have new credentials made"),
    })
}
