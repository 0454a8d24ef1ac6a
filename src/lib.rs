//! Hubbub: a chat and a real-time server in one program.
//!
//! # Follow one message
//!
//! | step | what happens | where |
//! |---|---|---|
//! | 1 | the client POSTs | the page's `frontend/src/lib/http/api.ts`, or curl |
//! | 2 | the handler validates and stores | `post_message` in [`http`], [`domain::MessageBody`], [`store::Store::post_message`] |
//! | 3 | it dispatches an event | [`bus::Bus::dispatch`] |
//! | 4 | the broadcaster hears it and broadcasts | [`broadcast::Broadcaster::run`], [`broadcast::Hub`] |
//! | 5 | the clients receive it and update their pages | [`sockets`], the page's `frontend/src/lib/realtime/realtime.ts` |
//! | 6 | the POST is answered | the last line of `post_message` |
//!
//! # Layers
//!
//! Each module uses only those to the right of it; `tests/layering` holds them to it.
//!
//! | module | may use |
//! |---|---|
//! | [`domain`], [`pusher`], [`telemetry`] | nothing of ours |
//! | [`config`] | pusher |
//! | [`auth`] | domain, config |
//! | [`store`] | domain |
//! | [`timeline`] | domain |
//! | [`json`] | domain, timeline |
//! | [`bus`] | domain, pusher, config, timeline, json |
//! | [`broadcast`] | domain, pusher, timeline, bus; never the store: a socket node needs no database |
//! | [`sockets`] | pusher, bus, broadcast, config; the same |
//! | [`pusher_api`] | pusher, bus, broadcast; the same |
//! | [`pusher_webhooks`] | pusher, broadcast, config; the same |
//! | [`jobs`] | domain, json, store, bus, auth, config |
//! | [`maintenance`] | domain, json, store, auth, config |
//! | [`http`] | domain, json, store, bus, auth, config, pusher, timeline, pusher_api; of `pusher_api` only its part of the contract; never a socket: a web node holds none |
//! | [`app`] | everything but json, maintenance, cli |
//! | [`cli`] | domain, app, pusher, config, telemetry, maintenance |

pub mod app;
pub mod auth;
pub mod broadcast;
pub mod bus;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod json;
pub mod maintenance;
pub mod pusher;
pub mod pusher_api;
pub mod pusher_webhooks;
pub mod sockets;
pub mod store;
pub mod telemetry;
pub mod timeline;
