//! Folding: what is the same to a person who searches becomes the same text.

use icu_properties::props::{BinaryProperty, DefaultIgnorableCodePoint, ExtendedPictographic, RegionalIndicator};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are cut: nobody types more of a digest or of a data URL.
pub(super) const MAX_WORD_CHARS: usize = 64;

/// Lower case; without the diacritics of European scripts, the vowel marks and letter forms of Arabic, the points of
/// Hebrew, and characters that nobody sees. Marks of other scripts are vowels and stay.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().take(MAX_WORD_CHARS).map(|c| c.to_ascii_lowercase()).collect();
    }
    let lower = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase);
    let plain = lower.nfkd().filter(|c| !is_accent(*c)).flat_map(spell_out).nfc();
    // What decomposes may bring characters that are no part of a word: `¼` has a slash.
    plain.filter(|c| c.is_alphanumeric() || is_combining_mark(*c) || is_symbol(*c)).take(MAX_WORD_CHARS).collect()
}

/// Whether a character shows nothing: soft hyphens, joiners, direction marks, selectors.
pub(super) fn is_invisible(c: char) -> bool {
    !c.is_ascii() && DefaultIgnorableCodePoint::for_char(c)
}

/// Whether a character is a word by itself: an emoji, or a half of a flag.
pub(super) fn is_symbol(c: char) -> bool {
    !c.is_ascii() && (ExtendedPictographic::for_char(c) || RegionalIndicator::for_char(c)) && !c.is_alphanumeric()
}

/// Marks that people leave out when they search.
const fn is_accent(c: char) -> bool {
    matches!(c,
        // Diacritics of European scripts, and marks around characters such as keycaps.
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        // Accents and points of Hebrew.
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}' | '\u{5C7}'
        // Vowels, the hamza above and below a letter, and signs of recitation in Arabic; the stretching of a letter.
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
        | '\u{6DF}'..='\u{6E4}' | '\u{6E7}'..='\u{6E8}' | '\u{6EA}'..='\u{6ED}' | '\u{8D3}'..='\u{8FF}'
        // Skin colours of emoji.
        | '\u{1F3FB}'..='\u{1F3FF}')
}

/// Letters that Unicode does not take apart but people do, and digits of other scripts.
fn spell_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        // Alef wasla; alef maksura and Farsi yeh; teh marbuta; keheh.
        '\u{671}' => ('\u{627}', None),
        '\u{649}' | '\u{6CC}' => ('\u{64A}', None),
        '\u{629}' => ('\u{647}', None),
        '\u{6A9}' => ('\u{643}', None),
        '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}' => (digit(c), None),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}

/// An Arabic digit as the one that most keyboards have.
fn digit(c: char) -> char {
    char::from_digit(u32::from(c) & 0xF, 10).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_to_a_person_folds_to_the_same() {
        for (written, looked_for) in [
            ("Crème BRÛLÉE", "creme brulee"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδος"),
            ("Ёлкин", "елкин"),
            ("Søren", "soren"),
            // Arabic: alef with hamza, madda and wasla; vowel marks; the stretching of a letter; Farsi letters; digits.
            ("أحمد إلى آخر ٱلله", "احمد الي اخر الله"),
            ("مُحَمَّد", "محمد"),
            ("محـــمد", "محمد"),
            ("مدرسة", "مدرسه"),
            ("کتاب", "كتاب"),
            ("٣٤ ۵", "34 5"),
            // Hebrew with points.
            ("שָׁלוֹם", "שלום"),
            // A soft hyphen, joiners, a word joiner, a direction mark, a selector.
            ("Donau\u{ad}dampf", "donaudampf"),
            ("क्\u{200d}ष", "क्ष"),
            ("می\u{200c}خواهم", "ميخواهم"),
            ("a\u{2060}b\u{200f}c", "abc"),
            ("👍🏽", "👍"),
            ("❤\u{fe0f}", "❤"),
        ] {
            let fold_words = |text: &str| text.split(' ').map(fold).collect::<Vec<_>>();
            assert_eq!(fold_words(written), fold_words(looked_for), "{written}");
        }
    }
}
