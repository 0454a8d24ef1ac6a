//! The chat's own app on the socket server: from the settings, or made on first start and kept.

use serde::{Deserialize, Serialize};

use crate::config::SocketConfig;
use crate::pusher::{App, InvalidAppId};
use crate::ws::default_limits;

use super::StartError;
use super::data_dir::DataDir;

const FILE: &str = "socket-app.json";

/// `{"id":"1","key":"…","secret":"…"}`.
#[derive(Serialize, Deserialize)]
struct Credentials {
    id: String,
    key: String,
    secret: String,
}

impl Credentials {
    /// The key names the app in URLs, so 10 bytes of it are enough to be unique; the secret has 32 to be unguessable.
    fn generate() -> Self {
        let key: [u8; 10] = rand::random();
        let secret: [u8; 32] = rand::random();
        Self { id: "1".to_owned(), key: hex::encode(key), secret: hex::encode(secret) }
    }
}

/// The chat's own app: its clients send each other what they type, and nobody else may connect with it in mind.
pub(super) fn chat_app(config: &SocketConfig, data_dir: &DataDir) -> Result<App, StartError> {
    let Credentials { id, key, secret } = match (&config.app_id, &config.app_key, &config.app_secret) {
        (Some(id), Some(key), Some(secret)) => {
            Credentials { id: id.clone(), key: key.clone(), secret: secret.expose().to_owned() }
        }
        _ => kept(data_dir)?,
    };
    Ok(App {
        id: id.parse().map_err(|invalid: InvalidAppId| StartError::AppId(invalid))?,
        key,
        secret,
        is_enabled: true,
        has_client_events: true,
        has_subscription_counts: false,
        authorization_timeout: None,
        allowed_origins: Vec::new(),
        limits: default_limits(config),
        webhooks: Vec::new(),
    })
}

/// The credentials that were made on first start, or are now.
fn kept(data_dir: &DataDir) -> Result<Credentials, StartError> {
    let text = data_dir.read_or_make(FILE, || serde_json::json!(Credentials::generate()).to_string())?;
    serde_json::from_str(&text).map_err(|error| StartError::DataDir {
        path: data_dir.path().join(FILE).display().to_string(),
        reason: format!("is not what was written there ({error}); remove it to have new credentials made"),
    })
}
