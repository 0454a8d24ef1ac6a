//! The part of a message that shows why it was found.

use std::ops::Range;

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

/// The part of `text` around the first hit, the hits apart. `wanted` holds sequences of words, as they were cut from the
/// query and from the index; each occurrence of one is a hit.
#[must_use]
pub fn snippet(text: &str, wanted: &[Vec<String>]) -> Vec<SnippetPart> {
    let hits = hits(text, wanted);
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

/// Where what is wanted stands, in order, overlaps joined.
fn hits(text: &str, wanted: &[Vec<String>]) -> Vec<Range<usize>> {
    let words = words(text);
    let mut hits: Vec<Range<usize>> = Vec::new();
    for start in 0..words.len() {
        for phrase in wanted {
            let Some(found) = words.get(start..start + phrase.len()) else { continue };
            if !phrase.is_empty() && found.iter().zip(phrase).all(|(word, wanted)| word.text == *wanted) {
                let end = found.last().map_or(0, |word| word.place.end);
                hits.push(words[start].place.start..end);
            }
        }
    }
    hits.sort_by_key(|hit| (hit.start, hit.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for hit in hits {
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
        let wanted: Vec<Vec<String>> =
            wanted.iter().map(|phrase| phrase.split(' ').map(str::to_owned).collect()).collect();
        let show = |part: SnippetPart| if part.is_hit { format!("[{}]", part.text) } else { part.text };
        snippet(text, &wanted).into_iter().map(show).collect()
    }

    #[test]
    fn hits_are_set_apart_as_they_were_written() {
        assert_eq!(shown("Un CAFÉ, un café-crème", &["cafe"]), "Un [CAFÉ], un [café]-crème");
        assert_eq!(shown("on Friday, not on a friday", &["on friday"]), "[on Friday], not on a friday");
        assert_eq!(shown("我愛東京都", &["東京 京都"]), "我愛[東京都]");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_hit_and_never_within_a_character() {
        let text = format!("{} needle {}", "é".repeat(300), "中".repeat(500));
        let shown = shown(&text, &["needle"]);
        assert!(shown.starts_with("…é") && shown.contains("[needle]") && shown.ends_with('…'), "{shown}");
        assert!(shown.chars().count() < 250);
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
