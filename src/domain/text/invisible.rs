//! Invisible characters, recognised by their Unicode properties, so that new ones need no change here.
//!
//! `Default_Ignorable_Code_Point` are characters that no font draws: joiners, fillers, variation selectors, tags. All of
//! `Bidi_Control`, which turns the direction of writing, belongs to them too. `White_Space` is [`char::is_whitespace`].

use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
    Ideographic, JoiningType, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData, CodePointSetDataBorrowed};

const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
const BIDI_CONTROL: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiControl>();
const VARIATION_SELECTOR: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<VariationSelector>();

/// Makes black flags the flags of England, Scotland and Wales, by the tags that follow it.
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';

/// Whether a reader would see nothing.
pub(in crate::domain) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_ignorable(c))
}

/// A line of text without what nobody sees in it: no invisible characters and no white space around it. Invisible characters
/// stay where they change how the text looks: the joiners of Arabic, Indic scripts and emoji, and variation selectors.
///
/// Two names that differ only in what is taken out would look the same.
pub(in crate::domain) fn visible_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == BLACK_FLAG {
            line.push(c);
            let tags = flag_tags(rest.as_str());
            line.push_str(tags);
            rest = rest.as_str()[tags.len()..].chars();
        } else if !is_ignorable(c) || has_effect(c, &line, rest.as_str()) {
            line.push(c);
        }
    }
    line.trim().to_owned()
}

fn is_ignorable(c: char) -> bool {
    IGNORABLE.contains(c) || BIDI_CONTROL.contains(c)
}

/// Whether an invisible character changes how its neighbours look.
fn has_effect(c: char, before: &str, after: &str) -> bool {
    let Some(previous) = before.chars().next_back() else { return false };
    match c {
        '\u{200C}' | '\u{200D}' => joins(previous, before, after),
        '\u{FE0E}' | '\u{FE0F}' => CodePointSetData::new::<Emoji>().contains(previous),
        _ if VARIATION_SELECTOR.contains(c) => {
            CodePointSetData::new::<Ideographic>().contains(previous) || joins_letters(previous)
        }
        _ => false,
    }
}

/// Whether a joiner stands where it is written: after a virama, between letters that join, between pictographs (RFC 5892,
/// A.1 and A.2, which do not speak of pictographs).
fn joins(previous: char, before: &str, after: &str) -> bool {
    let Some(next) = after.chars().find(|c| !is_ignorable(*c)) else { return false };
    if CodePointMapData::<CanonicalCombiningClass>::new().get(previous) == CanonicalCombiningClass::Virama {
        return !next.is_whitespace();
    }
    let joining = CodePointMapData::<JoiningType>::new();
    let base = before.chars().rev().find(|c| joining.get(*c) != JoiningType::Transparent);
    base.is_some_and(|base| {
        joins_letters(base) && joining.get(next) != JoiningType::NonJoining
            || is_pictograph(base) && is_pictograph(next)
    })
}

fn joins_letters(c: char) -> bool {
    let joining = CodePointMapData::<JoiningType>::new().get(c);
    matches!(joining, JoiningType::DualJoining | JoiningType::LeftJoining | JoiningType::JoinCausing)
}

fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c) || CodePointSetData::new::<EmojiModifier>().contains(c)
}

/// The tags at the beginning of `text` that make another flag of a black one; a text hidden in tags is none.
fn flag_tags(text: &str) -> &str {
    let mut tags = text
        .char_indices()
        .take(7)
        .skip_while(|(_, c)| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}'));
    match tags.next() {
        Some((end, CANCEL_TAG)) if end > 0 => &text[..end + CANCEL_TAG.len_utf8()],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_characters_that_show_nothing_is_blank() {
        for c in
            IGNORABLE.iter_ranges().flatten().chain(BIDI_CONTROL.iter_ranges().flatten()).filter_map(char::from_u32)
        {
            assert!(is_blank(&format!(" {c}\u{3000}{c}")), "U+{:04X}", u32::from(c));
            assert_eq!(visible_line(&format!("{c} A{c}da{c} {c}")), "Ada", "U+{:04X}", u32::from(c));
        }
        for visible in ["a", ".", "\u{2800}", "\u{301}"] {
            assert!(!is_blank(visible), "{visible:?}");
        }
    }

    #[test]
    fn what_writing_needs_stays() {
        for line in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩🏽\u{200d}💻",
            "🏳\u{fe0f}\u{200d}🌈 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            "辻\u{e0100}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "山田\u{3000}太郎",
        ] {
            assert_eq!(visible_line(line), line);
        }
    }

    #[test]
    fn what_hides_or_deceives_goes() {
        for (text, line) in [
            ("Ada\u{202e}ecalevoL", "AdaecalevoL"),
            ("\u{2066}Ada\u{2069}", "Ada"),
            ("Ada\u{fe0f}\u{200d}", "Ada"),
            ("A\u{200d}da", "Ada"),
            ("Ada\u{3164}\u{ffa0}\u{115f}", "Ada"),
            ("می\u{200c}", "می"),
            ("👩\u{200d}", "👩"),
            ("👩\u{200d} 💻", "👩 💻"),
            ("Ada\u{e0068}\u{e0069}\u{e007f}", "Ada"),
            ("🏴\u{e0068}\u{e0069}", "🏴"),
            ("🏴\u{e007f}", "🏴"),
        ] {
            assert_eq!(visible_line(text), line, "{text:?}");
        }
    }
}
