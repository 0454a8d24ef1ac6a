//! The composition root: builds the parts of a role, runs them, and ends them in order.
//!
//! | | |
//! |---|---|
//! | `application` | the order of starting and stopping |
//! | `parts` | the parts of a role: with the database, with sockets, the bus between them |
//! | `http_server` | routes, worker threads, what follows an upgrade, metrics |
//! | `instance` | what is kept between runs: the data directory, the database, the app's credentials |
//! | `open_files` | the limit on open files |
//! | `demo` | the demo's people, rooms and messages |
//! | `start_error` | why the server cannot start |

mod application;
mod demo;
mod http_server;
mod instance;
mod open_files;
mod parts;
mod start_error;

pub use application::Application;
pub use demo::Demo;
pub use instance::{Credentials, chat_credentials, database_url, migrate};
pub use parts::{Reloader, http_client, install_cryptography};
pub use start_error::StartError;
