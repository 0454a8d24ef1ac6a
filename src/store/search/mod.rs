//! The search index: kept in the transaction that stores a message, read by [`Store::search`].
//!
//! Both databases get the same words, cut by [`crate::domain::words`]: SQLite in a full-text table, Postgres in a
//! `tsvector`. Two things make it fast:
//!
//! - Room, author and traits are terms like the words (`:room:1`, `:from:2`, `:has:link`), so that the index itself
//!   intersects "a word that everybody uses" with "my three rooms".
//! - The beginnings of words are asked of the index. Parts within words are looked up among the distinct words of the
//!   rooms that are searched, and the words found are what the index is asked for. To
//!   index each message's own groups of three letters would make a post three times as expensive.
//!
//! Documents are found in another way: see [`documents`].
//!
//! - `documents`: finds documents.
//! - `entry`: what the index keeps of one message, and a cache of the words that the vocabulary has.
//! - `find`: finds messages.
//! - `index`: writes the index and adds words to the vocabulary.
//! - `rebuild`: rebuilds the index after an update of the program.
//! - `vocabulary`: the distinct words of each room: finding words by a part, and removing unused ones.
//!
//! [`Store::search`]: super::Store::search

pub(super) mod documents;
pub(super) mod entry;
pub(super) mod find;
pub(super) mod index;
pub(super) mod rebuild;
pub(super) mod vocabulary;
