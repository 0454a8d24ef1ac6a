//! The beginning of a message as plain text, for a line that quotes it.

use std::borrow::Cow;

use comrak::Arena;
use comrak::nodes::{Node, NodeValue};

use super::separator::SEPARATOR;
use super::{MAX_NESTING, depth, options};

/// The first `max_chars` characters of what a reader sees of `markdown`, on one line, with "…" when something follows.
/// Marks such as `**` are left out.
#[must_use]
pub fn excerpt(markdown: &str, max_chars: usize) -> String {
    // Marks take place, and a line is all that is wanted.
    let beginning = first_chars(markdown, max_chars * 4);
    let text = plain_text(beginning);
    let mut words = text.split_whitespace();
    let mut line = String::with_capacity(max_chars * 2);
    let mut chars = 0;
    let is_cut = loop {
        let Some(word) = words.next() else { break beginning.len() < markdown.len() };
        let space = usize::from(chars > 0);
        let length = word.chars().count();
        if chars + space + length > max_chars {
            if chars == 0 {
                line.push_str(first_chars(word, max_chars));
            }
            break true;
        }
        line.extend((space > 0).then_some(' '));
        line.push_str(word);
        chars += space + length;
    };
    line.extend(is_cut.then_some('…'));
    line
}

fn first_chars(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

fn plain_text(markdown: &str) -> Cow<'_, str> {
    let arena = Arena::new();
    let source: Cow<'_, str> =
        if markdown.contains(SEPARATOR) { markdown.replace(SEPARATOR, "").into() } else { markdown.into() };
    let document = comrak::parse_document(&arena, &source, &options());
    if depth(document) > MAX_NESTING {
        return markdown.into();
    }
    let mut text = String::with_capacity(markdown.len());
    for node in document.descendants() {
        push_text(node, &mut text);
    }
    if text.trim().is_empty() { markdown.into() } else { text.into() }
}

fn push_text(node: Node<'_>, text: &mut String) {
    let data = node.data();
    match &data.value {
        NodeValue::Text(literal) => text.push_str(literal),
        NodeValue::Code(code) => text.push_str(&code.literal),
        NodeValue::CodeBlock(block) => {
            text.push(' ');
            text.push_str(&block.literal);
        }
        NodeValue::HtmlBlock(block) => {
            text.push(' ');
            text.push_str(&block.literal);
        }
        NodeValue::HtmlInline(literal) => text.push_str(literal),
        value if value.block() => text.push(' '),
        NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_without_marks() {
        for (markdown, line) in [
            ("**Deploy** at `noon`, see [the plan](https://example.org)", "Deploy at noon, see the plan"),
            ("one\ntwo\n\nthree", "one two three"),
            ("- a\n- b\n\n> c", "a b c"),
            ("# Title\n\n```rust\nfn main() {}\n```", "Title fn main() {}"),
            ("| a | b |\n|---|---|\n| c | d |", "a b c d"),
            ("a <b>bold</b> move", "a <b>bold</b> move"),
            ("2 < 3 & 4", "2 < 3 & 4"),
            ("[1]: https://example.org", "[1]: https://example.org"),
            ("", ""),
        ] {
            assert_eq!(excerpt(markdown, 140), line, "{markdown:?}");
        }
    }

    #[test]
    fn it_ends_between_words_and_says_that_something_follows() {
        assert_eq!(excerpt("one two three", 7), "one two…");
        assert_eq!(excerpt("one two", 7), "one two");
        assert_eq!(excerpt(&"é".repeat(20), 7), format!("{}…", "é".repeat(7)));
        let long = "word ".repeat(10_000);
        assert!(excerpt(&long, 140).chars().count() <= 141);
    }
}
