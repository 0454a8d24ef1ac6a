//! The socket server by the Pusher protocol: raw frames in, raw frames out, and what nobody should send.

mod apps;
mod channels;
mod limits;
mod metrics;
mod pusher_api;
mod webhooks;
mod websocket;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hubbub::config::ServeConfig;

/// A second app: the key, the secret, and the beginning of its entry in the file of apps.
pub(crate) const OTHER_KEY: &str = "other-key";
pub(crate) const OTHER_SECRET: &str = "other-secret";
pub(crate) const OTHER_APP: &str = "[[apps]]\nid = \"2\"\nkey = \"other-key\"\nsecret = \"other-secret\"\n";

/// Writes the file of apps into the server's own directory; call it again to change the file.
pub(crate) fn write_apps(config: &mut ServeConfig, text: &str) {
    let path = config.data_dir.join("apps.toml");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    config.socket.apps_file = Some(path);
}
