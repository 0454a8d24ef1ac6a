//! A part of a query: words that follow each other.

use super::words::{Cut, Word, cut};

/// From this length on a part of a word is found inside of words: the indexed groups of letters have three characters.
pub const MIN_INNER_CHARS: usize = 3;

/// Words that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The words, each at least one, in the ways in which they can be cut: the way of [`words`](super::words()), and,
    /// if it differs, with the last run of letters and digits whole, which may be the beginning of a digest.
    pub cuts: Vec<Vec<String>>,
    /// Whether it may still be being typed: it was not put in quotes. Then the last word also stands for longer ones,
    /// and what stands before the first word does not matter if that is long enough.
    pub is_open: bool,
}

impl Phrase {
    /// The phrase of a text; `None` when it has no word.
    pub(super) fn new(text: &str, is_open: bool) -> Option<Self> {
        let mut cuts = vec![sequence(cut(text, Cut::AsIndexed))];
        let whole = sequence(cut(text, Cut::LastWhole));
        if !cuts.contains(&whole) {
            cuts.push(whole);
        }
        cuts.retain(|words| !words.is_empty());
        (!cuts.is_empty()).then_some(Self { cuts, is_open })
    }

    /// How many words, in the cut that has most.
    pub(super) fn len(&self) -> usize {
        self.cuts.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// How many of the `words` from the first on are this phrase; `None` when they are not.
    pub(super) fn len_at(&self, words: &[Word]) -> Option<usize> {
        self.cuts.iter().find(|cut| self.is_at(cut, words)).map(Vec::len)
    }

    fn is_at(&self, cut: &[String], words: &[Word]) -> bool {
        let Some(words) = words.get(..cut.len()) else { return false };
        let mut pairs = words.iter().map(|word| word.text.as_str()).zip(cut.iter().map(String::as_str));
        if !self.is_open {
            return pairs.all(|(word, wanted)| word == wanted);
        }
        let is_inner = cut.first().is_some_and(|first| first.chars().count() >= MIN_INNER_CHARS);
        if let [wanted] = cut {
            return words.iter().all(|word| word.text.starts_with(wanted) || (is_inner && word.text.contains(wanted)));
        }
        let last = cut.len() - 1;
        pairs.enumerate().all(|(index, (word, wanted))| match index {
            0 => word == wanted || (is_inner && word.ends_with(wanted)),
            _ if index == last => word.starts_with(wanted),
            _ => word == wanted,
        })
    }
}

/// The words to look for. The last pair of characters that are written without spaces says all: see
/// [`words`](super::words()).
fn sequence(mut words: Vec<Word>) -> Vec<String> {
    if let [.., pair, last] = words.as_slice()
        && pair.place.end == last.place.end
    {
        words.pop();
    }
    words.into_iter().map(|word| word.text).collect()
}
