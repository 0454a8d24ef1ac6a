//! The numbers of lists.

use std::fmt::Write;

use comrak::create_formatter;
use comrak::nodes::{ListType, Node, NodeValue};

create_formatter!(NumberedHtml, {
    NodeValue::Item(_) => |context, node, entering| {
        match (entering, number(node)) {
            (true, Some(number)) => {
                context.cr()?;
                write!(context, "<li value=\"{number}\">")?;
            }
            (true, None) => {
                context.cr()?;
                context.write_str("<li>")?;
            }
            (false, _) => context.write_str("</li>\n")?,
        }
    },
});

/// The number that was written before an item, when a page would count another. A list whose items all have the same
/// number is counted, as Markdown does.
fn number(item: Node<'_>) -> Option<usize> {
    let written = written_number(item)?;
    let previous = written_number(item.previous_sibling()?)?;
    if written == previous + 1 {
        return None;
    }
    let mut all = item.parent()?.children().map(written_number);
    let first = all.next()?;
    (!all.all(|number| number == first)).then_some(written)
}

fn written_number(item: Node<'_>) -> Option<usize> {
    match &item.data().value {
        NodeValue::Item(item) if item.list_type == ListType::Ordered => Some(item.start),
        _ => None,
    }
}
