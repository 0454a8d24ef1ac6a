//! The Pusher HTTP API: how an application publishes events and asks about its channels.
//!
//! Every call is signed; `SignedCall` is the only way in. Answers and statuses are those that
//! the server SDKs expect.
//!
//! | | |
//! |---|---|
//! | `routes` | the route table |
//! | `state` | what the calls need of the rest of the program |
//! | `signed_call` | the extractor that verifies a call |
//! | `events`, `idempotency` | publishing events, at most once for each `Idempotency-Key` |
//! | `channels`, `info` | asking about channels, and the attributes that can be asked for |
//! | `users`, `revoke` | closing a user's sockets, taking a user's right to a channel away |
//! | `error` | what is answered when a call fails |

mod channels;
mod end_credentials;
mod error;
mod events;
mod idempotency;
mod info;
mod revoke;
mod routes;
mod signed_call;
mod state;
mod users;

pub use routes::{configure, contract};
pub use state::{ApiCounts, PusherApi};
