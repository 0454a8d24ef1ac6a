//! Markdown to HTML that is safe to put into a page. `docs/markdown.md` describes the dialect; a test renders its examples.
//!
//! Two libraries, two jobs: `comrak` parses and renders, `ammonia` lets through only what it knows. Nothing that a person
//! writes reaches a page without having gone through both. In between, what would lose a part of the text is replaced:
//! raw HTML, images, links that lead nowhere, first lines of code, cells without a column, and backslashes that escape
//! nothing.

mod addresses;
mod backslashes;
mod excerpt;
mod fences;
mod lists;
mod sanitiser;
mod separator;
mod tables;
mod visible;
mod written;

use std::borrow::Cow;

use comrak::arena_tree::NodeEdge;
use comrak::nodes::Node;
use comrak::{Arena, Options};

use self::addresses::{end_addresses, link_addresses};
use self::backslashes::show_unneeded_backslashes;
pub use self::excerpt::excerpt;
use self::fences::{keep_first_lines, keep_words_of_empty_fences};
use self::lists::NumberedHtml;
use self::sanitiser::sanitise;
use self::separator::{remove_separators, separate_marks, without_separators};
use self::tables::{with_surplus_cells, without_tables_of_dashes};
use self::visible::shows_something;
use self::written::keep_what_was_written;

/// To be incremented when the same text becomes other HTML, also through a new version of a library; the next start then
/// renders the stored messages anew.
pub const RENDERER_VERSION: i64 = 2;

/// Elements nested deeper than this are shown as plain text: a browser slows down on thousands of levels.
const MAX_NESTING: usize = 16;

/// Bytes of HTML for each byte of Markdown, beyond which a message is shown as plain text. The densest text that people
/// write, a row of short links, needs 15.
const MAX_GROWTH: usize = 16;

/// Bytes of HTML that every message may have, however short.
const MIN_HTML_BYTES: usize = 2_048;

/// Renders Markdown as sanitised HTML. HTML in the text is shown as text; links open in a new tab and pass nothing on.
///
/// A text that would show nothing, nest deeper than 16 elements, or become more than 16 times as long as it is
/// and longer than 2,048 bytes, is shown as plain text.
#[must_use]
pub fn render_markdown(text: &str) -> String {
    let text = without_separators(text);
    let text: Cow<str> = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text };
    let max_bytes = (text.len() * MAX_GROWTH).max(MIN_HTML_BYTES);
    render_within(&text, max_bytes).unwrap_or_else(|| as_paragraph(&text))
}

/// The sanitised HTML, or nothing when the text is better shown as it is.
fn render_within(text: &str, max_bytes: usize) -> Option<String> {
    let mut options = options();
    let mut source = end_addresses(&separate_marks(text)).into_owned();
    // Without it, the parser does not see that a last line of `3.` is an item.
    source.push('\n');
    if let Some(without) = without_tables_of_dashes(&source, &mut options) {
        source = without;
    }
    if let Some(with) = with_surplus_cells(&source, &options) {
        source = with;
    }
    let arena = Arena::new();
    let document = comrak::parse_document(&arena, &source, &options);
    if depth(document) > MAX_NESTING {
        return None;
    }
    let lines: Vec<&str> = source.split('\n').collect();
    remove_separators(document);
    keep_first_lines(document, &lines);
    keep_what_was_written(&arena, document, &lines);
    link_addresses(&arena, document);
    show_unneeded_backslashes(document);
    if !shows_something(document) {
        return None;
    }
    keep_words_of_empty_fences(document);
    let mut html = String::with_capacity(text.len() * 3 / 2);
    NumberedHtml::format_document(document, &options, &mut html).ok()?;
    if html.len() > max_bytes {
        return None;
    }
    let html = sanitise(&html);
    (html.len() <= max_bytes).then_some(html)
}

/// The dialect: GitHub's, without raw HTML, underlined headings and footnotes; every line break is one.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.cjk_friendly_emphasis = true;
    // Addresses in square brackets are links too.
    options.parse.relaxed_autolinks = true;
    options.parse.ignore_setext = true;
    options.parse.escaped_char_spans = true;
    options.render.hardbreaks = true;
    options
}

/// How deep the elements of `document` are nested.
fn depth(document: Node<'_>) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for edge in document.traverse() {
        match edge {
            NodeEdge::Start(_) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            NodeEdge::End(_) => depth -= 1,
        }
    }
    // The document itself, and texts, which are no elements.
    deepest.saturating_sub(2)
}

/// Plain text as one paragraph that keeps its line breaks.
fn as_paragraph(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 3 / 2);
    html.push_str("<p>");
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            html.push_str("<br>\n");
        }
        for c in line.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                c => html.push(c),
            }
        }
    }
    html.push_str("</p>\n");
    html
}

#[cfg(test)]
mod tests;
