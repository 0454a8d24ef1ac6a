//! The search index: kept in the transaction that stores a message, read by [`Store::search`].
//!
//! Both databases get the same words, cut by [`crate::domain::words`]: SQLite in a full-text table, Postgres in a
//! `tsvector`. Two things make it fast:
//!
//! - Room, author and traits are terms like the words (`room:1`, `from:2`, `has:link`), so that the index itself
//!   intersects "a word that everybody uses" with "my three rooms".
//! - Parts of words are looked up among the distinct words, and the words found are what the index is asked for. To
//!   index each message's own groups of three letters would make a post three times as expensive.
//!
//! Documents are found in another way: see [`documents`].
//!
//! [`Store::search`]: super::Store::search

mod documents;
mod entry;
mod find;
mod index;
mod known_words;
mod rebuild;
mod vocabulary;

pub use documents::DocumentHit;
pub use find::{SearchHit, SearchPage};

pub(super) use entry::SearchEntry;
pub(super) use index::{forget, index, index_batch, index_in_sqlite};
pub(super) use known_words::KnownWords;
pub(super) use rebuild::bring_up_to_date;
