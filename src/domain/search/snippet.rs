//! The part of a message that shows why it was found.

use std::ops::Range;

use super::phrase::Phrase;
use super::words::words;

/// A piece of a snippet. Plain text: whoever shows it marks the hits and need not trust anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPart {
    /// The text as it was written.
    pub text: String,
    /// Whether this is what was looked for.
    pub is_hit: bool,
}

/// Characters shown before the first hit, and in all.
const CHARS_BEFORE: usize = 60;
const CHARS: usize = 240;

/// How much of a text is looked at for hits. A document may have megabytes; beyond this, its beginning is shown.
pub const SNIPPET_SOURCE_CHARS: usize = 100_000;

/// The part of `text` around the first hit, the hits apart: each place where one of the phrases stands. Takes time by
/// the length of the text, of which at most [`SNIPPET_SOURCE_CHARS`] are looked at.
#[must_use]
pub fn snippet(text: &str, phrases: &[Phrase]) -> Vec<SnippetPart> {
    let end = text.char_indices().nth(SNIPPET_SOURCE_CHARS).map_or(text.len(), |(index, _)| index);
    let hits = hits(&text[..end], phrases);
    let first = hits.first().map_or(0, |hit| hit.start);
    let from = text[..first].char_indices().rev().nth(CHARS_BEFORE - 1).map_or(0, |(index, _)| index);
    let until = text[from..].char_indices().nth(CHARS).map_or(text.len(), |(index, _)| from + index);
    let mut parts = Vec::new();
    let mut push = |text: &str, is_hit: bool| {
        if !text.is_empty() {
            parts.push(SnippetPart { text: text.to_owned(), is_hit });
        }
    };
    if from > 0 {
        push("…", false);
    }
    let mut position = from;
    for hit in hits.into_iter().filter(|hit| hit.start >= from && hit.end <= until) {
        push(&text[position..hit.start], false);
        push(&text[hit.clone()], true);
        position = hit.end;
    }
    push(&text[position..until], false);
    if until < text.len() {
        push("…", false);
    }
    parts
}

/// Where the phrases stand, in order, overlaps joined.
fn hits(text: &str, phrases: &[Phrase]) -> Vec<Range<usize>> {
    let words = words(text);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for start in 0..words.len() {
        let longest = phrases.iter().filter_map(|phrase| phrase.len_at(&words[start..])).max();
        let Some(last) = longest.and_then(|count| words.get(start + count - 1)) else { continue };
        let hit = words[start].place.start..last.place.end;
        match joined.last_mut() {
            Some(last) if hit.start < last.end => last.end = last.end.max(hit.end),
            _ => joined.push(hit),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, wanted: &[&str]) -> String {
        let wanted: Vec<Phrase> = wanted.iter().filter_map(|phrase| Phrase::new(phrase, true)).collect();
        let show = |part: SnippetPart| if part.is_hit { format!("[{}]", part.text) } else { part.text };
        snippet(text, &wanted).into_iter().map(show).collect()
    }

    #[test]
    fn hits_are_set_apart_as_they_were_written() {
        assert_eq!(shown("Un CAFÉ, un café-crème", &["cafe"]), "Un [CAFÉ], un [café]-crème");
        assert_eq!(shown("on Friday, not on a friday", &["on friday"]), "[on Friday], not on a friday");
        assert_eq!(shown("我愛東京都", &["東京都"]), "我愛[東京都]");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_hit_and_never_within_a_character() {
        let text = format!("{} needle {}", "é".repeat(300), "中".repeat(500));
        let shown = shown(&text, &["needle"]);
        assert!(shown.starts_with("…é") && shown.contains("[needle]") && shown.ends_with('…'), "{shown}");
        assert!(shown.chars().count() < 250);
    }

    #[test]
    fn a_long_text_takes_time_by_its_length_and_no_more() {
        // Half a million different words. Each was once compared with each.
        let text: String = (0..500_000).map(|number| format!("needle{number} ")).collect();
        let shown = shown(&text, &["needle", "need", "nee", "eed", "le4"]);
        assert!(shown.starts_with("[needle"), "{shown}");
    }

    #[test]
    fn a_hit_that_is_too_far_into_a_text_is_not_looked_for() {
        let text = format!("{}needle", "hay ".repeat(SNIPPET_SOURCE_CHARS));
        assert!(shown(&text, &["needle"]).starts_with("hay hay"));
    }

    #[test]
    fn markup_stays_the_text_that_it_is() {
        assert_eq!(shown("<b>x</b>", &["x"]), "<b>[x]</b>");
    }

    #[test]
    fn without_a_hit_the_beginning_is_shown() {
        assert_eq!(shown("hello", &[]), "hello");
    }
}
