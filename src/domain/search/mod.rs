//! Searching: what counts as a word, what a query asks for, and which part of a message to show.
//!
//! Both databases are given the words that are cut here, so that they find the same, whatever their language settings.

mod query;
mod snippet;
mod words;

pub use query::{Phrase, SearchQuery, Trait};
pub use snippet::{SnippetPart, snippet};
pub use words::{Word, words};
