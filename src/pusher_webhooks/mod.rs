//! Webhooks of the socket server: sends an app's events to its URLs.
//!
//! From memory: what a socket node has not delivered when it stops is lost, for it has no database. A URL that fails is
//! tried again for five minutes.
//!
//! | | |
//! |---|---|
//! | `webhooks` | the actor that decides which URL is sent what, and collects batches |
//! | `debounce` | departures, which wait a moment for the client to come back |
//! | `sender` | the HTTP requests, and their retries |

mod debounce;
mod sender;
mod webhooks;

pub use sender::WebhookCounts;
pub use webhooks::Webhooks;
