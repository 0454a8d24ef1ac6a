//! Shows as text what Markdown would remove: raw HTML, images, and links without a target.

use comrak::Arena;
use comrak::nodes::{Node, NodeLink, NodeValue};

use super::sanitiser::SCHEMES;
use super::visible::shows_something;

/// Turns raw HTML into text, images into links, and links that lead nowhere into what was written.
pub(super) fn keep_what_was_written<'a>(arena: &'a Arena<'a>, document: Node<'a>) {
    let nodes: Vec<Node<'a>> = document.descendants().collect();
    for node in nodes {
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
            NodeValue::Image(link) if is_inside_link(node) => {
                let alternative = if shows_something(node) { node } else { text(arena, link.url) };
                replace_by_children(node, alternative);
            }
            NodeValue::Image(link) | NodeValue::Link(link) => keep_link(arena, node, *link),
            _ => {}
        }
    }
}

/// Leaves a link that opens, with something to click on. Any other is shown as it was written.
fn keep_link<'a>(arena: &'a Arena<'a>, node: Node<'a>, link: NodeLink) {
    let scheme = link.url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.as_str())) {
        if !shows_something(node) {
            node.append(text(arena, link.url.clone()));
        }
        node.data_mut().value = NodeValue::Link(Box::new(link));
        return;
    }
    if node.first_child().is_some_and(|child| matches!(&child.data().value, NodeValue::Text(text) if *text == link.url))
    {
        node.prepend(text(arena, "<".to_owned()));
        node.append(text(arena, ">".to_owned()));
        return replace_by_children(node, node);
    }
    let mark = if matches!(node.data().value, NodeValue::Image(_)) { "![" } else { "[" };
    let title = if link.title.is_empty() { String::new() } else { format!(" \"{}\"", link.title) };
    node.prepend(text(arena, mark.to_owned()));
    node.append(text(arena, format!("]({}{title})", link.url)));
    replace_by_children(node, node);
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
