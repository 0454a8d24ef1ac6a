//! The parts that a role is built from.
//!
//! | role | `web_part` | `socket_part` | `bus_part` |
//! |---|---|---|---|
//! | all | the store, the API, the page, jobs | apps, the broadcaster, webhooks | local, or NATS |
//! | web | the same | – | to a socket server, or NATS |
//! | ws | – | the same | local, or NATS |
//!
//! `apps` is where the apps come from, `outgoing_calls` the HTTP clients for webhooks and for other socket servers.

mod apps;
mod bus_part;
mod outgoing_calls;
mod socket_part;
mod web_part;

pub use apps::Reloader;
pub use outgoing_calls::{http_client, install_cryptography};

pub(super) use bus_part::BusPart;
pub(super) use socket_part::{SocketPart, hub_limits};
pub(super) use web_part::WebPart;
