//! What an instance keeps between runs: the data directory, the database, credentials.
//!
//! | | |
//! |---|---|
//! | `data_dir` | the data directory, which one process uses at a time |
//! | `database` | which database the settings name, and migrating it without serving |
//! | `credentials` | id, key and secret of the chat's own app |

mod credentials;
mod data_dir;
mod database;

pub use credentials::{Credentials, chat_credentials};
pub use database::{database_url, migrate};

pub(super) use credentials::chat_app;
pub(super) use data_dir::DataDir;
pub(super) use database::{options, refuse_new_beside_old};
