//! Which words the vocabulary is known to have, so that a post need not ask for each.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::domain::MessageBody;

use super::entry::SearchEntry;

/// Digests of words that are committed. Forgetting one only means that the database is asked once more.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownWords {
    digests: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

/// Two megabytes; more distinct words than people use, and fewer than machines make up.
const CAPACITY: usize = 131_072;

impl KnownWords {
    /// What the index will keep of a message.
    pub(in crate::store) fn entry(&self, body: &MessageBody, has_files: bool) -> SearchEntry {
        let digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |word: &str| digests.contains(&self.hasher.hash_one(word));
        SearchEntry::new(body.text(), body.html(), is_known).beside_files(has_files)
    }

    /// Notes an entry's words, once they are committed.
    pub(in crate::store) fn remember(&self, new_words: &[String]) {
        if new_words.is_empty() {
            return;
        }
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() + new_words.len() > CAPACITY {
            digests.clear();
        }
        digests.extend(new_words.iter().map(|word| self.hasher.hash_one(word.as_str())));
    }
}

impl SearchEntry {
    /// The words to remember when the entry is committed.
    pub(in crate::store) fn new_words(&self) -> Vec<String> {
        self.new_words.clone()
    }
}
