//! A cache of words that the vocabulary already has, so that most posts need not look them up.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{MessageBody, RoomId};

use super::entry::{NEVER, SearchEntry};

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

impl SearchEntry {
    /// What [`KnownWords::remember`] is to be given once the entry is committed.
    pub(in crate::store) fn words_to_remember(&self, room: RoomId) -> WordsToRemember {
        WordsToRemember { room, words: self.distinct_words(), stored_at: self.stored_at() }
    }
}
