//! The settings of the socket server.
//!
//! | | |
//! |---|---|
//! | `socket` | its app and its limits |
//! | `webhooks` | when webhooks are sent, and retried |
//! | `apps_file` | the file that says which other apps there are |

mod apps_file;
mod socket;
mod webhooks;

pub use apps_file::{AppsFileError, default_limits, read_apps};
pub use socket::{Deflate, SocketConfig, SocketTransport};
pub use webhooks::WebhookConfig;
