//! A separator character that keeps the parser from reading characters as Markdown marks where none were meant.

use std::borrow::Cow;

/// Stands where Markdown must not read a mark. No text contains it: control characters are refused.
pub(super) const SEPARATOR: char = '\u{1}';

/// Puts separators where Markdown would swallow what was written: before the definition of a reference
/// (`[1]: https://example.org`), and after a backslash that ends a line.
pub(super) fn separate_marks(text: &str) -> Cow<'_, str> {
    let defines = text.contains("]:");
    if !defines && !text.contains("\\\n") && !text.contains("\\\r") {
        return text.into();
    }
    let mut separated = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let start = line.find(|c: char| !(c.is_ascii_digit() || " \t>*+-.)".contains(c))).unwrap_or(line.len());
        let (before, rest) = line.split_at(start);
        separated.push_str(before);
        let is_task = ["[ ] ", "[x] ", "[X] "].iter().any(|mark| rest.starts_with(mark));
        if defines && rest.starts_with('[') && !is_task {
            separated.push(SEPARATOR);
        }
        let content = rest.trim_end_matches(['\r', '\n']);
        separated.push_str(content);
        if content.ends_with('\\') {
            separated.push(SEPARATOR);
        }
        separated.push_str(&rest[content.len()..]);
    }
    separated.into()
}
