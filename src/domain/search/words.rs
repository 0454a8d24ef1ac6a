//! Cutting a text into words, by which it is indexed and found.

use std::ops::Range;

use icu_properties::CodePointMapData;
use icu_properties::props::LineBreak;
use unicode_normalization::char::is_combining_mark;

use super::fold::{fold, is_invisible, is_symbol};

/// A word of a text, as it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded: lower case, without diacritics. Letters, digits, marks and emoji only, so it needs no escaping anywhere.
    pub text: String,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
}

/// How a run of letters and digits is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// As texts are: `v2` is `v` and `2`, a digest such as `a3f9c2d4e` stays whole.
    AsIndexed,
    /// The last run whole: it may be the beginning of a digest.
    LastWhole,
}

/// A run with more changes between letters and digits stays whole: it is a digest or a code, not a word with a number.
const MAX_CHANGES: usize = 3;

/// The words of `text` in order.
///
/// - Letters and digits are parted, up to `MAX_CHANGES` times in a run: `v2.10.3-beta1` is `v`, `2`, `10`, `3`,
///   `beta`, `1`, and is found by `2.10.3`.
/// - Chinese, Japanese, Thai, Lao, Khmer and Burmese have no spaces between words, so a run `東京都` becomes its pairs
///   and its last character: `東京`, `京都`, `都`. Whatever is looked for within the run is then a sequence of these, or
///   the beginning of one.
/// - An emoji is a word.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    cut(text, Cut::AsIndexed)
}

/// The words of `text`, cut as is said.
pub(super) fn cut(text: &str, how: Cut) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let kind = Kind::of(first);
        let mut end = start + first.len_utf8();
        if kind == Kind::Other {
            continue;
        }
        let mut visible = vec![start];
        while let Some((position, c)) = chars.next_if(|(_, c)| kind.goes_on_with(*c)) {
            end = position + c.len_utf8();
            if !is_invisible(c) {
                visible.push(position);
            }
        }
        match kind {
            Kind::Unspaced => push_pairs(text, &visible, end, &mut words),
            Kind::Symbol => push(text, start..end, &mut words),
            Kind::Letters => {
                let is_last = how == Cut::LastWhole && !chars.clone().any(|(_, c)| Kind::of(c) != Kind::Other);
                push_run(text, start..end, is_last, &mut words);
            }
            Kind::Other => {}
        }
    }
    words
}

/// What a character is to the cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a script with spaces between words, or a digit.
    Letters,
    /// Of a script without.
    Unspaced,
    /// An emoji.
    Symbol,
    /// Anything else.
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() { Self::Letters } else { Self::Other }
        } else if is_unspaced(c) {
            Self::Unspaced
        } else if c.is_alphanumeric() {
            Self::Letters
        } else if is_symbol(c) {
            Self::Symbol
        } else {
            Self::Other
        }
    }

    /// Whether `c` belongs to the run that began with a character of this kind. What nobody sees parts nothing.
    fn goes_on_with(self, c: char) -> bool {
        match self {
            Self::Letters => {
                (Self::of(c) == Self::Letters) || (is_combining_mark(c) && !is_unspaced(c)) || is_invisible(c)
            }
            Self::Unspaced => is_unspaced(c) || is_combining_mark(c) || is_invisible(c),
            Self::Symbol => is_combining_mark(c) || is_invisible(c) || is_skin_colour(c),
            Self::Other => false,
        }
    }
}

/// Han, Hiragana and Katakana, and the scripts in which lines are broken by a dictionary (`Line_Break=SA`): Thai, Lao,
/// Khmer, Burmese and their neighbours.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{323AF}')
        || (c >= '\u{E00}' && CodePointMapData::<LineBreak>::new().get(c) == LineBreak::ComplexContext)
}

const fn is_skin_colour(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

fn push(text: &str, place: Range<usize>, words: &mut Vec<Word>) {
    let folded = fold(&text[place.clone()]);
    if !folded.is_empty() {
        words.push(Word { text: folded, place });
    }
}

fn push_pairs(text: &str, run: &[usize], end: usize, words: &mut Vec<Word>) {
    for (index, start) in run.iter().enumerate() {
        let end = run.get(index + 2).copied().unwrap_or(end);
        push(text, *start..end, words);
    }
}

/// A run of letters and digits: parted between them, unless it changes too often.
fn push_run(text: &str, run: Range<usize>, is_whole: bool, words: &mut Vec<Word>) {
    let mut parts = vec![run.start];
    let mut last = None;
    for (index, c) in text[run.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let is_number = c.is_numeric();
        if last.is_some_and(|last| last != is_number) {
            parts.push(run.start + index);
        }
        last = Some(is_number);
    }
    if is_whole || parts.len() > MAX_CHANGES + 1 {
        return push(text, run, words);
    }
    for (index, start) in parts.iter().enumerate() {
        let end = parts.get(index + 1).copied().unwrap_or(run.end);
        push(text, *start..end, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::search::fold::MAX_WORD_CHARS;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn case_and_diacritics_make_no_difference() {
        assert_eq!(texts("Crème BRÛLÉE, Straße"), ["creme", "brulee", "strasse"]);
        // Composed and decomposed are the same.
        assert_eq!(texts("caf\u{e9}"), texts("cafe\u{301}"));
        assert_eq!(texts("İstanbul Łódź ΟΔΟΣ"), ["istanbul", "lodz", "οδοσ"]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(texts("東京都abc"), ["東京", "京都", "都", "abc"]);
        assert_eq!(texts("中"), ["中"]);
        assert_eq!(texts("パーティー")[0], "パー");
        assert_eq!(texts("ประเทศ"), ["ปร", "ระ", "ะเ", "เท", "ทศ", "ศ"]);
        assert_eq!(texts("안녕하세요 여러분"), ["안녕하세요", "여러분"]);
    }

    #[test]
    fn a_word_knows_its_place_in_the_text() {
        let text = "¡Olé! 東京都";
        for word in words(text) {
            assert_eq!(fold(&text[word.place]), word.text);
        }
    }

    #[test]
    fn numbers_are_parted_from_letters_and_digests_are_not() {
        assert_eq!(texts("v2.10.3-beta1"), ["v", "2", "10", "3", "beta", "1"]);
        assert_eq!(texts("10am"), ["10", "am"]);
        assert_eq!(texts("a3f9c2d4e"), ["a3f9c2d4e"]);
        let looked_for: Vec<String> = cut("a3f", Cut::LastWhole).into_iter().map(|word| word.text).collect();
        assert_eq!(looked_for, ["a3f"]);
    }

    #[test]
    fn an_emoji_is_a_word() {
        assert_eq!(texts("well done🎉👍🏽!"), ["well", "done", "🎉", "👍"]);
        assert_eq!(texts("👨\u{200d}👩\u{200d}👧"), ["👨", "👩", "👧"]);
    }

    #[test]
    fn nothing_that_a_database_could_take_for_syntax_is_in_a_word() {
        for text in
            ["a\"b'c", "x:* & y | !z", "NEAR(a b)", "¼ ½ ㎏ ﷺ", "(\\)", "{col}: ^a + b*", "©️ 5€", "1\u{fe0f}\u{20e3}"]
        {
            for word in texts(text) {
                assert!(
                    word.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c) || is_symbol(c)),
                    "{text:?} gave {word:?}"
                );
            }
        }
    }

    #[test]
    fn the_end_of_a_very_long_word_is_not_indexed() {
        assert_eq!(texts(&"x".repeat(10_000))[0].len(), MAX_WORD_CHARS);
    }
}
