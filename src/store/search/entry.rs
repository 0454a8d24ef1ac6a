//! The entry of one message in the index, and a cache of words that the vocabulary already has, so that most posts need not
//! look them up.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{File, MessageBody, RoomId, Trait, UserId, words};

/// The entry of one message in the index; made on the caller's thread, since cutting words takes time that the writer
/// needs.
#[derive(Debug, Clone)]
pub(in crate::store) struct SearchEntry {
    /// In the order of the text.
    words: Vec<String>,
    /// Those of each file's name.
    file_words: Vec<Vec<String>>,
    traits: Vec<Trait>,
    /// Words that the vocabulary may lack, in order and each once.
    new_words: Vec<String>,
    /// The number of removals of words at which the others were known; see [`super::vocabulary`].
    known_at: i64,
    /// The number at which the entry was stored.
    stored_at: Arc<AtomicI64>,
}

/// Postgres does not count positions beyond it, and no message that a person writes has so many words.
const MAX_WORDS: usize = 16_000;

/// A number of removals that no database has.
pub(super) const NEVER: i64 = -1;

impl SearchEntry {
    /// The entry for a text and its HTML. `is_known` says whether the vocabulary had a word at that number of removals.
    pub(super) fn new(text: &str, html: &str, known_at: i64, is_known: impl Fn(&str) -> bool) -> Self {
        let words: Vec<String> = texts(text).take(MAX_WORDS).collect();
        let new_words = distinct(words.iter().filter(|word| !is_known(word)).cloned());
        let has_link = html.contains("<a ") || text.contains("https://") || text.contains("http://");
        let traits = [(has_link, Trait::Link), (html.contains("<code"), Trait::Code)];
        let traits = traits.into_iter().filter(|(has, _)| *has).map(|(_, one)| one).collect();
        Self { words, file_words: Vec::new(), traits, new_words, known_at, stored_at: Arc::new(AtomicI64::new(NEVER)) }
    }

    /// Adds the trait `has:file` and the words of the files' names, if the message has files.
    pub(in crate::store) fn with_files(mut self, files: &[File]) -> Self {
        if files.is_empty() {
            return self;
        }
        self.traits.push(Trait::File);
        self.file_words = files.iter().map(|file| texts(&file.name).collect()).collect();
        let new_words = self.new_words.iter().chain(self.file_words.iter().flatten());
        self.new_words = distinct(new_words.cloned());
        self
    }

    /// All words, in order and each once.
    pub(in crate::store) fn distinct_words(&self) -> Vec<String> {
        distinct(self.words.iter().chain(self.file_words.iter().flatten()).cloned())
    }

    /// The words that the vocabulary may lack at that number of removals.
    pub(super) fn words_to_add(&self, removals: i64) -> Cow<'_, [String]> {
        self.stored_at.store(removals, Ordering::Relaxed);
        if removals == self.known_at { Cow::Borrowed(&self.new_words) } else { Cow::Owned(self.distinct_words()) }
    }

    /// What [`KnownWords::remember`] is to be given once the entry is committed.
    pub(in crate::store) fn words_to_remember(&self, room: RoomId) -> WordsToRemember {
        WordsToRemember { room, words: self.distinct_words(), stored_at: Arc::clone(&self.stored_at) }
    }

    /// How many words the text has: what storing the message costs.
    pub(in crate::store) const fn word_count(&self) -> usize {
        self.words.len()
    }

    fn labels(&self, room: RoomId, author: UserId) -> impl Iterator<Item = String> {
        let traits = self.traits.iter().map(|one| has_term(*one));
        [room_term(room), from_term(author)].into_iter().chain(traits)
    }

    /// The terms for SQLite: separated by spaces. Before a file's name stands a term of its own, so that no phrase
    /// reaches from one text into the next.
    pub(super) fn fts5(&self, room: RoomId, author: UserId) -> String {
        let mut terms = self.words.join(" ");
        for label in self.labels(room, author) {
            terms.push(' ');
            terms.push_str(&label);
        }
        for words in &self.file_words {
            terms.push_str(" :name");
            for word in words {
                terms.push(' ');
                terms.push_str(word);
            }
        }
        terms
    }

    /// The terms for Postgres: a `tsvector` as text. Words have no quotation marks in them.
    pub(super) fn tsvector(&self, room: RoomId, author: UserId) -> String {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut place = 0;
        for words in [&self.words].into_iter().chain(&self.file_words) {
            for word in words {
                place += 1;
                places.entry(word).or_default().push(place);
            }
            // As the term on SQLite.
            place += 1;
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

/// The words of a message as it is indexed, in order and each once.
pub(in crate::store) fn indexed_words<'a>(text: &str, file_names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    distinct(texts(text).take(MAX_WORDS).chain(file_names.into_iter().flat_map(texts)))
}

fn texts(text: &str) -> impl Iterator<Item = String> + use<> {
    words(text).into_iter().map(|word| word.text)
}

fn distinct(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// No word has a colon, so these terms differ from all words, and none is found by the beginning of a word.
pub(super) fn room_term(room: RoomId) -> String {
    format!(":room:{room}")
}

pub(super) fn from_term(author: UserId) -> String {
    format!(":from:{author}")
}

pub(super) fn has_term(one: Trait) -> String {
    format!(":has:{}", one.name())
}

/// Digests of the words of rooms that are committed. A word that is missing here is only looked up once more.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownWords {
    words: Mutex<Words>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Words {
    digests: HashSet<u64>,
    /// The number of removals at which the vocabulary had them; at another one, some may be gone.
    removals: i64,
}

impl Default for Words {
    fn default() -> Self {
        Self { digests: HashSet::new(), removals: NEVER }
    }
}

/// About four megabytes: more distinct words than people use. A limit, because programs may post any number of words.
const CAPACITY: usize = 262_144;

/// The words of an entry, to be remembered once it is committed.
pub(in crate::store) struct WordsToRemember {
    room: RoomId,
    words: Vec<String>,
    stored_at: Arc<AtomicI64>,
}

impl KnownWords {
    /// The index entry of a message in a room, without its files.
    pub(in crate::store) fn entry(&self, room: RoomId, body: &MessageBody) -> SearchEntry {
        let known = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |word: &str| known.digests.contains(&self.hasher.hash_one((room, word)));
        SearchEntry::new(body.text(), body.html(), known.removals, is_known)
    }

    /// Adds the words of an entry that was committed.
    pub(in crate::store) fn remember(&self, committed: &WordsToRemember) {
        let WordsToRemember { room, words, stored_at } = committed;
        let removals = stored_at.load(Ordering::Relaxed);
        let mut known = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if known.removals != removals || known.digests.len() + words.len() > CAPACITY {
            known.digests.clear();
            known.removals = removals;
        }
        known.digests.extend(words.iter().map(|word| self.hasher.hash_one((*room, word.as_str()))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_for_either_database() {
        let entry = SearchEntry::new("Go `go` stop", "<p>Go <code>go</code> stop</p>", 1, |word| word == "go");
        assert_eq!(entry.fts5(RoomId(1), UserId(2)), "go go stop :room:1 :from:2 :has:code");
        assert_eq!(entry.tsvector(RoomId(1), UserId(2)), "'go':1,2 'stop':3 ':room:1' ':from:2' ':has:code' ");
        assert_eq!(entry.words_to_add(1), ["stop".to_owned()].as_slice());
        assert_eq!(entry.words_to_add(2), ["go".to_owned(), "stop".to_owned()].as_slice());
    }
}
