//! Text that people write: what it must satisfy, and Markdown.

mod invisible;
mod markdown;
mod rule;

pub(super) use invisible::{is_blank, visible_line};
pub use markdown::{RENDERER_VERSION, excerpt, render_markdown};
pub use rule::InvalidField;
pub(super) use rule::{TextRule, is_control_or_line_break};
