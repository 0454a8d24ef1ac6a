//! The store: everything durable, and the only place where Diesel lives (step 2 of the walk, "store").
//!
//! Every change goes through one writer thread that commits many of them at once; reads run on a few threads of their
//! own, each in one snapshot. Callers only await: no transaction is ever open across an `.await`. Each change of a room
//! is an entry of the room's log, written in the same transaction and handed back as a [`RoomEvent`] to be dispatched;
//! the store itself tells nobody.
//!
//! - `engine`: connections, the schema, the writer thread and the reader threads; [`Store`] is their handle.
//! - `log`: each room's log of events: appending, reading, catching up, retention.
//! - `messages`: posting, editing, deleting, the history.
//! - `rooms`: rooms, members, who may see what, read marks.
//! - `people`: accounts, sessions, API tokens, invitations.
//! - `documents`: shared documents and their versions.
//! - `files`: rows of uploaded files, and their contents on the disk.
//! - `search`: the index of messages, and finding messages and documents.
//! - `jobs`: background jobs: queueing, leasing, settling, purging.
//! - `webhooks`: webhooks and their deliveries.
//! - `admin`: checking, exporting and copying a database beside a running server.
//!
//! [`RoomEvent`]: crate::domain::RoomEvent

mod admin;
mod documents;
mod engine;
mod files;
mod jobs;
mod log;
mod messages;
mod people;
mod rooms;
mod search;
#[cfg(test)]
mod tests;
mod webhooks;

pub use admin::check::Finding;
pub use admin::export::{ExportError, ExportItem, ExportScope};
pub use admin::inspect::{Snapshot, copy_sqlite, verify_sqlite};
pub use documents::catalogue::{ChangedDocument, DocumentChange};
pub use documents::saving::{DocumentSave, StoredContent, VersionRule};
pub use engine::error::{OpenError, StoreError};
pub use engine::store::Store;
pub use engine::url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};
pub use engine::workers::StoreOptions;
pub use files::content_hash::ContentHash;
pub use files::export::ExportedFile;
pub use files::library::{FileLibrary, Preview};
pub use files::rows::StoredFile;
pub use files::upload::{FinishedUpload, Upload};
pub use jobs::hosts::HostJobs;
pub use jobs::leases::LeasedJob;
pub use jobs::task::{JobOutcome, Task};
pub use log::catch_up::CatchUp;
pub use log::heads::PastRemoval;
pub use messages::history::{History, HistoryFrom, HistoryPage};
pub use messages::post::command::Posted;
pub use people::invites::Invite;
pub use people::sessions::Rotation;
pub use people::token_hash::TokenHash;
pub use people::tokens::ApiToken;
pub use people::users::{Admission, NewUser};
pub use rooms::access::RoomView;
pub use rooms::members::{Member, Removal};
pub use rooms::room::{NewRoom, RoomChange};
pub use search::documents::DocumentHit;
pub use search::find::{SearchHit, SearchPage};
pub use webhooks::delivery::{Delivery, DeliveryAttempt, DeliveryStatus};
pub use webhooks::sending::{DeliveryToSend, Withheld};
pub use webhooks::webhook::{NewWebhook, Webhook};
