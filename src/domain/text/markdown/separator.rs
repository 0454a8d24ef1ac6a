//! Separator characters that keep the parser from reading characters as Markdown marks where none were meant.

use std::borrow::Cow;

use comrak::nodes::{Node, NodeValue};

/// Stands where Markdown must not read a mark. Unicode gives this code point to no character; a text loses it.
pub(super) const SEPARATOR: char = '\u{FDD0}';

/// Stands behind an address that the parser would read on. It follows a `<`, at which the parser ends an address.
pub(super) const ADDRESS_END: char = '\u{FDD1}';

/// `text` without the two characters above, and without the `<` before the second.
pub(super) fn without_separators(text: &str) -> Cow<'_, str> {
    if !text.contains([SEPARATOR, ADDRESS_END]) {
        return text.into();
    }
    text.replace("<\u{FDD1}", "").replace([SEPARATOR, ADDRESS_END], "").into()
}

/// Takes the separators out of the parsed text.
pub(super) fn remove_separators(document: Node<'_>) {
    let clean = |text: &mut String| {
        if let Cow::Owned(cleaned) = without_separators(text) {
            *text = cleaned;
        }
    };
    for node in document.descendants() {
        match &mut node.data_mut().value {
            NodeValue::Text(text) => {
                if let Cow::Owned(cleaned) = without_separators(text) {
                    *text = cleaned.into();
                }
            }
            NodeValue::Code(code) => clean(&mut code.literal),
            NodeValue::CodeBlock(block) => {
                clean(&mut block.info);
                clean(&mut block.literal);
            }
            NodeValue::HtmlBlock(block) => clean(&mut block.literal),
            NodeValue::HtmlInline(literal) => clean(literal),
            NodeValue::Link(link) | NodeValue::Image(link) => {
                clean(&mut link.url);
                clean(&mut link.title);
            }
            _ => {}
        }
    }
}

/// Puts separators where Markdown would swallow what was written: before the definition of a reference
/// (`[1]: https://example.org`), after a backslash that ends a line or strong text, and around the `_` of faces.
pub(super) fn separate_marks(text: &str) -> Cow<'_, str> {
    let defines = text.contains("]:");
    if !defines && !text.contains("\\\n") && !text.contains("\\**") && !text.contains('_') {
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
        let content = rest.trim_end_matches('\n');
        push_line(&mut separated, before, content);
        if content.ends_with('\\') {
            separated.push(SEPARATOR);
        }
        separated.push_str(&rest[content.len()..]);
    }
    separated.into()
}

/// Whether an underscore between these two is part of a face, and begins or ends no emphasis: `¯\_(ツ)_/¯`, `-_-`, `>_<`.
pub(super) fn is_in_face(before: char, after: char) -> bool {
    match (before, after) {
        (')', '/') | ('>', '<') => true,
        _ => before == after && "-^=;.>@$+'".contains(before),
    }
}

/// Appends `line`, with separators around the underscores of faces, and after the backslash of `**C:\dir\**`.
fn push_line(separated: &mut String, before: &str, line: &str) {
    let mut previous = before.chars().next_back().unwrap_or('\n');
    for (index, c) in line.char_indices() {
        let rest = &line[index + c.len_utf8()..];
        if c == '_' && rest.chars().next().is_some_and(|next| is_in_face(previous, next)) {
            separated.extend([SEPARATOR, c, SEPARATOR]);
        } else {
            separated.push(c);
        }
        if c == '\\' && previous != '\\' && rest.starts_with("**") {
            let marks = before.matches("**").count() + line[..index].matches("**").count();
            if ends_strong(marks, rest) {
                separated.push(SEPARATOR);
            }
        }
        previous = c;
    }
}

/// Whether `rest` begins with the `**` that end strong text; `marks` stand before it on the line.
fn ends_strong(marks: usize, rest: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '*');
    marks % 2 == 1 && rest.strip_prefix("**").is_some_and(|rest| !goes_on(rest))
}
