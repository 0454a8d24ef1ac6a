//! Searching: what counts as a word, what a query asks for, and which part of a message to show.
//!
//! Both databases are given the words that are cut here, so that they find the same, whatever their language settings.
//!
//! - `fold`: what is the same to a person who searches becomes the same text.
//! - `names`: finding people by parts of their names.
//! - `phrase`: words that follow each other, and where they stand in a text.
//! - `query`: what somebody typed, parsed.
//! - `snippet`: the part of a message that shows why it was found.
//! - `words`: cuts a text into words.

mod fold;
mod names;
mod phrase;
mod query;
mod snippet;
mod words;

pub use names::{name_words, searched_name_words};
pub use phrase::{MIN_INNER_CHARS, Phrase};
pub use query::{SearchQuery, Trait};
pub use snippet::{SNIPPET_SOURCE_CHARS, SnippetPart, snippet};
pub use words::{Word, words};
