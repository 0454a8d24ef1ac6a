//! A cache of words that the vocabulary already has, so that most posts need not look them up.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::domain::MessageBody;

use super::entry::SearchEntry;

/// Digests of words that are committed. A word that is missing here is only looked up once more.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownWords {
    digests: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

/// About two megabytes: more distinct words than people use. A limit, because programs may post any number of words.
const CAPACITY: usize = 131_072;

impl KnownWords {
    /// The index entry of a message.
    pub(in crate::store) fn entry(&self, body: &MessageBody, has_files: bool) -> SearchEntry {
        let digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |word: &str| digests.contains(&self.hasher.hash_one(word));
        SearchEntry::new(body.text(), body.html(), is_known).with_files(has_files)
    }

    /// Adds the words of an entry that was committed.
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
    /// The words for [`KnownWords::remember`] once the entry is committed.
    pub(in crate::store) fn new_words(&self) -> Vec<String> {
        self.new_words.clone()
    }
}
