//! The store: everything durable, and the only place where Diesel lives (step 2 of the walk, "store").
//!
//! Every change goes through one writer thread that commits many of them at once; reads run on a few threads of their
//! own, each in one snapshot. Callers only await: no transaction is ever open across an `.await`. Each change of a room
//! is an entry of the room's log, written in the same transaction and handed back as a [`RoomEvent`] to be dispatched;
//! the store itself tells nobody.
//!
//! [`RoomEvent`]: crate::domain::RoomEvent

mod error;
mod events;
mod history;
mod invites;
mod members;
mod messages;
mod rooms;
mod sessions;
mod token_hash;
mod tokens;
mod url;
mod users;

pub use error::{OpenError, StoreError};
pub use events::CatchUp;
pub use history::{History, HistoryFrom, HistoryPage};
pub use invites::Invite;
pub use members::Member;
pub use messages::Posted;
pub use rooms::{NewRoom, RoomChange, RoomView};
pub use token_hash::TokenHash;
pub use tokens::ApiToken;
pub use url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};
pub use users::{Admission, NewUser};

/// Sizes of the store; the settings `HUBBUB_READ_CONNECTIONS`, `HUBBUB_WRITE_QUEUE` and `HUBBUB_WRITE_BATCH`.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reading, each with a thread of its own.
    pub read_connections: u32,
    /// Writes that may wait; one more is refused with [`StoreError::Busy`].
    pub write_queue: usize,
    /// Writes committed together at most.
    pub write_batch: usize,
}

/// A handle to the database. Cheap to clone.
///
/// A future that is dropped takes nothing back: what was queued is still written.
#[derive(Clone)]
pub struct Store;

impl Store {
    /// Opens the database, brings its schema up to date and starts the store's threads. Blocks: call it at the start.
    ///
    /// # Errors
    /// An [`OpenError`] in words for the person who starts the server.
    pub fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let _ = (url, options);
        unimplemented!()
    }

    /// Whether a read and an (empty) write go through.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn ready(&self) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// Writes what is queued, and ends the writer. Later writes are refused; calling it again is harmless.
    pub async fn close(&self) {
        unimplemented!()
    }
}
