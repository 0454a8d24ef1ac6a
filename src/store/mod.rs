//! The store: the database and the files on the disk (step 2 of the walk, "store"). Only this module uses Diesel.
//!
//! Every change goes through one writer thread that commits many of them at once; reads run on a few other threads,
//! each in one snapshot. Callers only await: no transaction is ever open across an `.await`. Each change of a room is
//! an entry of the room's log, written in the same transaction and returned as a [`RoomEvent`]. The caller dispatches
//! it; the store does not.
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
//! - `watching`: what metrics and health checks show of the store.
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
mod watching;
mod webhooks;

pub use admin::check::Finding;
pub use admin::export::{ExportError, ExportItem, ExportScope};
pub use admin::inspect::{Snapshot, copy_sqlite, forget_removed_words, verify_sqlite};
pub use documents::catalogue::{ChangedDocument, DocumentChange};
pub use documents::saving::{DocumentSave, DocumentState, VersionPolicy};
pub use engine::error::{OpenError, StoreError};
pub use engine::storage_rations::StorageRations;
pub use engine::store::Store;
pub use engine::url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};
pub use engine::workers::StoreOptions;
pub use files::check::{ContentCheck, NeededContent};
pub use files::content_hash::ContentHash;
pub use files::export::ExportedFile;
pub use files::rows::StoredFile;
pub use files::storage::{FileStorage, Preview};
pub use files::upload::{FinishedUpload, Upload};
pub use jobs::hosts::HostJobs;
pub use jobs::leases::LeasedJob;
pub use jobs::task::{JobOutcome, Task};
pub use log::catch_up::CatchUp;
pub use log::heads::EndedMembership;
pub use log::places::{LogPlace, PlacesAt};
pub use messages::history::{History, HistoryFrom, HistoryPage};
pub use messages::post::command::Posted;
pub use people::administration::AccountChange;
pub use people::invites::Invite;
pub use people::sessions::Rotation;
pub use people::token_hash::TokenHash;
pub use people::tokens::ApiToken;
pub use people::users::{NewUser, SignUpPermission};
pub use rooms::access::RoomView;
pub use rooms::change::RoomChange;
pub use rooms::deletion::RoomDeletion;
pub use rooms::members::{Member, MemberRemoval};
pub use rooms::room::{NewRoom, RoomFilter};
pub use search::documents::DocumentHit;
pub use search::find::{Archive, SearchHit, SearchPage};
pub use watching::figures::StoreFigures;
pub use watching::metrics::StoreMetrics;
pub use webhooks::delivery::{DeliveryAttempt, DeliveryStatus, WebhookDelivery};
pub use webhooks::sending::{DeliveryToSend, Undeliverable};
pub use webhooks::webhook::{NewWebhook, Webhook};
