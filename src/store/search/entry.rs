//! The entry of one message in the index.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::domain::{RoomId, Trait, UserId, words};

/// The entry of one message in the index; made on the caller's thread, since cutting words takes time that the writer
/// needs.
#[derive(Debug, Clone)]
pub(in crate::store) struct SearchEntry {
    /// In the order of the text.
    words: Vec<String>,
    traits: Vec<Trait>,
    /// Words that the vocabulary may lack, in order and each once.
    pub(super) new_words: Vec<String>,
}

/// Postgres does not count positions beyond it, and no message that a person writes has so many words.
const MAX_WORDS: usize = 16_000;

impl SearchEntry {
    /// The entry for a text and its HTML. `is_known` says whether the vocabulary already has a word.
    pub(super) fn new(text: &str, html: &str, is_known: impl Fn(&str) -> bool) -> Self {
        let words: Vec<String> = words(text).into_iter().take(MAX_WORDS).map(|word| word.text).collect();
        let mut new_words: Vec<String> = words.iter().filter(|word| !is_known(word)).cloned().collect();
        new_words.sort_unstable();
        new_words.dedup();
        let has_link = html.contains("<a ") || text.contains("https://") || text.contains("http://");
        let traits = [(has_link, Trait::Link), (html.contains("<code"), Trait::Code)];
        let traits = traits.into_iter().filter(|(has, _)| *has).map(|(_, one)| one).collect();
        Self { words, traits, new_words }
    }

    /// Adds the trait `has:file` if the message has files.
    pub(in crate::store) fn with_files(mut self, has_files: bool) -> Self {
        if has_files {
            self.traits.push(Trait::File);
        }
        self
    }

    /// How many words it has: writing it takes time in proportion.
    pub(in crate::store) fn word_count(&self) -> usize {
        self.words.len()
    }

    fn labels(&self, room: RoomId, author: UserId) -> impl Iterator<Item = String> {
        let traits = self.traits.iter().map(|one| has_term(*one));
        [room_term(room), from_term(author)].into_iter().chain(traits)
    }

    /// The terms for SQLite: separated by spaces.
    pub(super) fn fts5(&self, room: RoomId, author: UserId) -> String {
        let mut terms = self.words.join(" ");
        for label in self.labels(room, author) {
            terms.push(' ');
            terms.push_str(&label);
        }
        terms
    }

    /// The terms for Postgres: a `tsvector` as text. Words have no quotation marks in them.
    pub(super) fn tsvector(&self, room: RoomId, author: UserId) -> String {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, word) in self.words.iter().enumerate() {
            places.entry(word).or_default().push(index + 1);
        }
        let mut terms = String::new();
        for (word, places) in places {
            let _ = write!(terms, "'{word}'"); // Writing to a String cannot fail.
            for (index, place) in places.iter().enumerate() {
                let separator = if index == 0 { ':' } else { ',' };
                let _ = write!(terms, "{separator}{place}"); // As above.
            }
            terms.push(' ');
        }
        for label in self.labels(room, author) {
            let _ = write!(terms, "'{label}' "); // As above.
        }
        terms
    }
}

/// No word contains a colon, so these terms differ from all words.
pub(super) fn room_term(room: RoomId) -> String {
    format!("room:{room}")
}

pub(super) fn from_term(author: UserId) -> String {
    format!("from:{author}")
}

pub(super) fn has_term(one: Trait) -> String {
    format!("has:{}", one.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_for_either_database() {
        let entry = SearchEntry::new("Go `go` stop", "<p>Go <code>go</code> stop</p>", |word| word == "go");
        assert_eq!(entry.fts5(RoomId(1), UserId(2)), "go go stop room:1 from:2 has:code");
        assert_eq!(entry.tsvector(RoomId(1), UserId(2)), "'go':1,2 'stop':3 'room:1' 'from:2' 'has:code' ");
        assert_eq!(entry.new_words, ["stop"]);
    }
}
