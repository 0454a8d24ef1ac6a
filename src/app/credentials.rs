//! The chat's own app on the socket server: from the settings, or made on first start and kept.

use serde::{Deserialize, Serialize};

use crate::config::SocketConfig;
use crate::ws::App;

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

/// The app that clients of the chat connect to.
pub(super) fn socket_app(config: &SocketConfig, data_dir: &DataDir) -> Result<App, StartError> {
    if let (Some(id), Some(key), Some(secret)) = (&config.app_id, &config.app_key, &config.app_secret) {
        return Ok(App { id: id.clone(), key: key.clone(), secret: secret.clone() });
    }
    let text = data_dir.read_or_make(FILE, || serde_json::json!(Credentials::generate()).to_string())?;
    let Credentials { id, key, secret } = serde_json::from_str(&text).map_err(|error| StartError::DataDir {
        path: data_dir.path().join(FILE).display().to_string(),
        reason: format!("is not what was written there ({error}); remove it to have new credentials made"),
    })?;
    Ok(App { id, key, secret: secret.into() })
}
