//! Whether anything of a message can be seen.

use comrak::nodes::{Node, NodeValue};

use super::super::is_blank;

/// Whether a reader sees anything of what is below `node`.
pub(super) fn shows_something(node: Node<'_>) -> bool {
    node.descendants().any(|node| match &node.data().value {
        NodeValue::Text(text) => !is_blank(text),
        NodeValue::Code(code) => !is_blank(&code.literal),
        NodeValue::CodeBlock(block) => !is_blank(&block.literal),
        NodeValue::HtmlBlock(block) => !is_blank(&block.literal),
        NodeValue::HtmlInline(literal) => !is_blank(literal),
        NodeValue::ThematicBreak | NodeValue::TaskItem(_) => true,
        _ => false,
    })
}
