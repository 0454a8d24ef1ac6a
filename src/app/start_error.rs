//! Why the server cannot start.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::auth::{KeyRingError, PasswordError};
use crate::broadcast::AppConflict;
use crate::bus::NatsError;
use crate::config::{AppsFileError, ConfigError, SecretFileError};
use crate::domain::InvalidField;
use crate::pusher::InvalidCredentials;
use crate::store::{InvalidDatabaseUrl, OpenError, StoreError};

/// Why the server cannot start, in words for the person who starts it.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings contradict each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database's URL is invalid.
    #[error(transparent)]
    DatabaseUrl(#[from] InvalidDatabaseUrl),
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The chat's app has an id or a key that no app may have.
    #[error("{0} (HUBBUB_APP_ID, HUBBUB_APP_KEY, HUBBUB_APP_SECRET)")]
    Credentials(#[from] InvalidCredentials),
    /// The file of apps cannot be read.
    #[error(transparent)]
    AppsFile(#[from] AppsFileError),
    /// Two apps share what must be unique; the chat's own app is one of all.
    #[error("{0} (HUBBUB_APPS_FILE; the chat's own app counts too)")]
    AppConflict(#[from] AppConflict),
    /// Webhooks cannot be called.
    #[error("webhooks: {0}")]
    Webhooks(#[from] reqwest::Error),
    /// The data directory cannot be made, or is in use.
    #[error("the data directory {path}: {reason} (HUBBUB_DATA_DIR)")]
    DataDir {
        /// The directory.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What an instance leaves beside its database is there, and the database is not.
    #[error(
        "the database {database} is gone, or is another one: {evidence} is of an instance that has run, so this is no first \
         start. Bring the database back (hubbub restore, or the right HUBBUB_DATABASE_URL). To begin anew, name another \
         HUBBUB_DATA_DIR, or move away what is in this one"
    )]
    DatabaseGone {
        /// The database: never a password.
        database: String,
        /// The file that shows it.
        evidence: String,
    },
    /// A socket server in a process of its own has no credentials of an app.
    #[error(
        "--role ws needs the app that the web role signs for: set HUBBUB_APP_ID, HUBBUB_APP_KEY and HUBBUB_APP_SECRET, or \
         name the web role's data directory, whose socket-app.json has them ({0}; HUBBUB_DATA_DIR)"
    )]
    NoApp(String),
    /// The bus between processes cannot be made.
    #[error(transparent)]
    Bus(#[from] NatsError),
    /// Everybody on the machine can read a file with secrets.
    #[error(transparent)]
    OpenSecrets(#[from] SecretFileError),
    /// The keys that sign access tokens cannot be read or made.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// The threads that hash passwords do not start.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address}: {source} (HUBBUB_LISTEN)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What was handed over is no listening TCP socket.
    #[error("the socket that was handed over (LISTEN_FDS) is no TCP socket that listens: {0}")]
    HandedOver(io::Error),
    /// A demo's database, and the server is none.
    #[error(
        "the database {0} was made by --demo, and everybody knows the password of its administrator; name another place \
         (HUBBUB_DATA_DIR, HUBBUB_DATABASE_URL), or add --demo to go on with the demo"
    )]
    DemoDatabase(String),
    /// The demo would let everybody into a database of somebody else.
    #[error(
        "the database {0} was not made by --demo, so the demo does not use it; leave HUBBUB_DATA_DIR and \
         HUBBUB_DATABASE_URL out to have the demo in ./demo-data, or leave --demo out"
    )]
    NotADemo(String),
    /// The demo's people and rooms cannot be made.
    #[error("the demo: {0}")]
    Demo(#[from] StoreError),
    /// The limits refuse what the demo writes.
    #[error("the limits refuse what the demo writes: {0}")]
    DemoLimits(#[from] InvalidField),
}
