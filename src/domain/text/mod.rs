//! Text that people write: what it must satisfy, and Markdown.

mod markdown;
mod rule;

pub use markdown::render_markdown;
pub use rule::InvalidField;
pub(super) use rule::{TextRule, is_blank};
