//! Everything that can be set, with its default, its environment variable and its unit.
//!
//! Each setting is a flag of `hubbub serve` and an environment variable `HUBBUB_…`; a file `.env` in the working
//! directory is read first. [`ServeConfig::validate`] refuses impossible combinations before anything starts.
//!
//! | | |
//! |---|---|
//! | `serve` | all settings of the server, and the checks between them |
//! | `role` | which parts a process runs |
//! | `http`, `documents`, `store`, `auth`, `jobs`, `bus` | the settings of each part |
//! | `rations` | how much one person and one address may do |
//! | `sockets` | the settings of the socket server, of its webhooks, and the file of apps |
//! | `pusher_server` | a Pusher-compatible server as a URL names it |
//! | `secret` | a text that is not printed |
//! | `environment` | `.env`, secrets in files, variables that no setting has |
//! | `warnings` | settings that let others listen |
//! | `error` | combinations that cannot work |

mod auth;
mod bus;
mod documents;
mod environment;
mod error;
mod http;
mod jobs;
mod rations;
mod serve;
mod sockets;
mod store;
mod values;
mod warnings;

pub use auth::AuthConfig;
pub use bus::{BusAddress, BusConfig, SocketAddress};
pub use documents::DocumentsConfig;
pub use environment::{SecretFileError, read_dotenv, require_private, unknown_variables, with_secret_files};
pub use error::ConfigError;
pub use http::HttpConfig;
pub use jobs::JobsConfig;
pub use rations::{Ration, RationKey, RationRow, RationWindow, RationsConfig, RationsSwitch};
pub use serve::{LogFormat, ServeConfig, SignUp, parse_listen};
pub use sockets::{AppsFileError, Deflate, SocketConfig, SocketTransport, WebhookConfig, default_limits, read_apps};
pub use store::StoreConfig;
pub use values::{InvalidPusherUrl, ProcessRole, PusherServer, Secret};
pub use warnings::{listener_warning, webhook_warning};
