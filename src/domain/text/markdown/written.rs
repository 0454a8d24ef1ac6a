//! Shows as text what Markdown would remove: raw HTML, images, and links without a target.

use comrak::Arena;
use comrak::html::escape_href;
use comrak::nodes::{Node, NodeLink, NodeValue};
use url::Url;

use super::sanitiser::SCHEMES;
use super::separator::without_separators;
use super::visible::shows_something;

/// Turns raw HTML into text, images into links, and links that lead nowhere into what was written. `lines` is the source.
pub(super) fn keep_what_was_written<'a>(arena: &'a Arena<'a>, document: Node<'a>, lines: &[&str]) {
    let nodes: Vec<Node<'a>> = document.descendants().collect();
    // Links that lead nowhere first, so that what stands inside them is in no link.
    for &node in &nodes {
        let value = node.data().value.clone();
        match value {
            NodeValue::HtmlBlock(block) => {
                node.data_mut().value = NodeValue::Paragraph;
                append_lines(arena, node, block.literal.trim_end_matches('\n'));
            }
            NodeValue::HtmlInline(literal) => {
                let lines = arena.alloc(NodeValue::Paragraph.into());
                append_lines(arena, lines, &literal);
                replace_by_children(node, lines);
            }
            NodeValue::Link(link) if !opens(&link.url) => show_as_written(arena, node, *link, lines),
            _ => {}
        }
    }
    for &node in &nodes {
        let value = node.data().value.clone();
        match value {
            NodeValue::Image(link) if is_inside_link(node) => {
                let alternative = if shows_something(node) { node } else { text(arena, link.url) };
                replace_by_children(node, alternative);
            }
            NodeValue::Image(link) if opens(&link.url) => node.data_mut().value = NodeValue::Link(link),
            NodeValue::Image(link) => show_as_written(arena, node, *link, lines),
            NodeValue::Link(_) if is_inside_link(node) => replace_by_children(node, node),
            _ => {}
        }
    }
    for node in nodes {
        let value = node.data().value.clone();
        if let NodeValue::Link(link) = value
            && !shows_something(node)
        {
            node.append(text(arena, link.url));
        }
    }
}

/// Whether a browser opens `address`: it has a scheme that messages may use, and parts that can be read.
pub(super) fn opens(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else { return false };
    // As it will stand in the page: a backslash there is no slash.
    let mut escaped = String::new();
    SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        && !rest.trim().is_empty()
        && escape_href(&mut escaped, address, true).is_ok()
        && Url::parse(&escaped).is_ok()
}

/// Puts what was written into the place of a link or an image.
fn show_as_written<'a>(arena: &'a Arena<'a>, node: Node<'a>, link: NodeLink, lines: &[&str]) {
    let position = node.data().sourcepos;
    let line = lines.get(position.start.line.wrapping_sub(1)).copied().unwrap_or_default();
    let begin = line.get(position.start.column.saturating_sub(1)..).unwrap_or_default();
    if begin.starts_with('[') || begin.starts_with("![") {
        let mark = if begin.starts_with('!') { "![" } else { "[" };
        let end = written_end(node, lines).unwrap_or_else(|| rebuilt_end(&link));
        node.prepend(text(arena, mark.to_owned()));
        node.append(text(arena, end));
    } else if begin.starts_with('<') {
        node.prepend(text(arena, "<".to_owned()));
        node.append(text(arena, ">".to_owned()));
    }
    replace_by_children(node, node);
}

/// The end of a link, from its `]` on, as it stands in the source; nothing when it is not all on one line.
fn written_end(node: Node<'_>, lines: &[&str]) -> Option<String> {
    let position = node.data().sourcepos;
    let inside = match node.last_child() {
        Some(child) => child.data().sourcepos.end,
        None => position.start,
    };
    let line = lines.get(position.end.line.checked_sub(1)?)?;
    if inside.line != position.end.line {
        return None;
    }
    let rest = line.get(inside.column..position.end.column)?;
    let end = &rest[rest.find("](")?..];
    end.ends_with(')').then(|| without_separators(end).into_owned())
}

fn rebuilt_end(link: &NodeLink) -> String {
    let title = if link.title.is_empty() { String::new() } else { format!(" \"{}\"", link.title) };
    format!("]({}{title})", link.url)
}

fn is_inside_link(node: Node<'_>) -> bool {
    node.ancestors().skip(1).any(|ancestor| matches!(ancestor.data().value, NodeValue::Link(_)))
}

fn text<'a>(arena: &'a Arena<'a>, text: String) -> Node<'a> {
    arena.alloc(NodeValue::Text(text.into()).into())
}

/// Appends each line of `literal` as text, with line breaks between them.
fn append_lines<'a>(arena: &'a Arena<'a>, parent: Node<'a>, literal: &str) {
    for (index, line) in literal.lines().enumerate() {
        if index > 0 {
            parent.append(arena.alloc(NodeValue::LineBreak.into()));
        }
        parent.append(text(arena, line.to_owned()));
    }
}

/// Puts the children of `source` in the place of `node`. A text without children stands for itself.
fn replace_by_children<'a>(node: Node<'a>, source: Node<'a>) {
    if matches!(source.data().value, NodeValue::Text(_)) {
        node.insert_before(source);
    }
    while let Some(child) = source.first_child() {
        node.insert_before(child);
    }
    node.detach();
}
