//! Cutting a text into words: without case and diacritics, and scripts that are written without spaces in pairs of
//! characters.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A word of a text, as it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case, without diacritics; letters, digits and marks only, so it needs no escaping anywhere.
    pub text: String,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
}

/// Longer words are cut: nobody types more of a digest or of a data URL.
const MAX_WORD_CHARS: usize = 64;

/// The words of `text` in order.
///
/// Chinese and Japanese have no spaces between words, so a run `東京都` becomes its pairs and its last character:
/// `東京`, `京都`, `都`. Whatever is looked for within the run is then a sequence of these, or the beginning of one.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        if is_unspaced(first) {
            let mut run = vec![start];
            while let Some((position, _)) = chars.next_if(|(_, c)| is_unspaced(*c)) {
                run.push(position);
            }
            let end = chars.peek().map_or(text.len(), |(position, _)| *position);
            push_pairs(text, &run, end, &mut words);
        } else if first.is_alphanumeric() {
            while chars.next_if(|(_, c)| is_word_char(*c)).is_some() {}
            let end = chars.peek().map_or(text.len(), |(position, _)| *position);
            let folded = fold(&text[start..end]);
            if !folded.is_empty() {
                words.push(Word { text: folded, place: start..end });
            }
        }
    }
    words
}

fn push_pairs(text: &str, run: &[usize], end: usize, words: &mut Vec<Word>) {
    for (index, start) in run.iter().enumerate() {
        let end = run.get(index + 2).copied().unwrap_or(end);
        words.push(Word { text: fold(&text[*start..end]), place: *start..end });
    }
}

fn is_word_char(c: char) -> bool {
    (c.is_alphanumeric() && !is_unspaced(c)) || is_combining_mark(c)
}

/// Han, Hiragana and Katakana.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{323AF}')
}

/// Lower case, without the diacritics of European scripts. Marks of other scripts are vowels and stay.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().take(MAX_WORD_CHARS).map(|c| c.to_ascii_lowercase()).collect();
    }
    let lower = text.chars().flat_map(char::to_lowercase);
    let plain = lower.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).flat_map(spell_out).nfc();
    // What decomposes may bring characters that are no part of a word: `¼` has a slash.
    plain.filter(|c| c.is_alphanumeric() || is_combining_mark(*c)).take(MAX_WORD_CHARS).collect()
}

/// Letters that Unicode does not take apart but people do.
fn spell_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn nothing_that_a_database_could_take_for_syntax_is_in_a_word() {
        for text in ["a\"b'c", "x:* & y | !z", "NEAR(a b)", "¼ ½ ㎏ ﷺ", "(\\)", "{col}: ^a + b*"] {
            for word in texts(text) {
                assert!(word.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c)), "{text:?} gave {word:?}");
            }
        }
    }

    #[test]
    fn the_end_of_a_very_long_word_is_not_indexed() {
        assert_eq!(texts(&"x".repeat(10_000))[0].len(), MAX_WORD_CHARS);
    }
}
