//! Hubbub: a chat and a real-time server in one program.
//!
//! # Follow one message
//!
//! | step | what happens | where |
//! |---|---|---|
//! | 1 | the client POSTs | the page's `frontend/src/lib/api.ts`, or curl |
//! | 2 | the handler validates and stores | `post_message` in [`http`], [`domain::MessageBody`], [`store::Store::post_message`] |
//! | 3 | it dispatches an event | [`events::Bus::dispatch`] |
//! | 4 | the broadcaster hears it and broadcasts | [`broadcast::Broadcaster::run`], [`broadcast::Hub`] |
//! | 5 | the clients receive it and update their pages | [`sockets`], the page's `frontend/src/lib/realtime.ts` |
//! | 6 | the POST is answered | the last line of `post_message` |
//!
//! # Layers
//!
//! Each module uses only those to the right of it; `tests/layering.rs` holds them to it.
//!
//! | module | may use |
//! |---|---|
//! | [`domain`], [`pusher`], [`telemetry`] | nothing of ours |
//! | [`config`] | pusher |
//! | [`auth`] | domain, config |
//! | [`store`] | domain |
//! | [`events`] | domain, pusher, config |
//! | [`broadcast`] | domain, pusher, events; never the store: a socket node needs no database |
//! | [`sockets`], [`pusher_api`], [`pusher_webhooks`] | pusher, events, broadcast, config; the same |
//! | [`jobs`] | domain, store, events, auth, config |
//! | [`maintenance`] | domain, store, events, auth, config |
//! | [`http`] | domain, store, events, auth, config, pusher; never a socket: a web node holds none |
//! | [`app`], [`cli`] | everything |

pub mod app;
pub mod auth;
pub mod broadcast;
pub mod cli;
pub mod config;
pub mod domain;
pub mod events;
pub mod http;
pub mod jobs;
pub mod maintenance;
pub mod pusher;
pub mod pusher_api;
pub mod pusher_webhooks;
pub mod sockets;
pub mod store;
pub mod telemetry;
