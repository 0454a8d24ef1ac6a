//! Checks that every text from outside goes through.

use thiserror::Error;

use crate::domain::Refusal;

use super::invisible::visible_line;

/// A field whose value cannot be accepted, and why, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct InvalidField {
    /// The field's name in the request.
    pub field: &'static str,
    /// Which rule was broken.
    pub refusal: Refusal,
    /// What is wrong; names the setting when it is a limit.
    pub detail: String,
}

impl InvalidField {
    /// Describes what is wrong with `field`.
    pub fn new(field: &'static str, refusal: Refusal, detail: impl Into<String>) -> Self {
        Self { field, refusal, detail: detail.into() }
    }
}

/// What a text must satisfy; the messages are built from these words.
pub(in crate::domain) struct TextRule {
    /// The field's name in the request.
    pub(in crate::domain) field: &'static str,
    /// How an error speaks of it: `message`, `room's name`.
    pub(in crate::domain) noun: &'static str,
    /// The code when it is longer than `max_chars`.
    pub(in crate::domain) too_long: Refusal,
    /// The longest accepted, in characters.
    pub(in crate::domain) max_chars: usize,
    /// The setting that changes `max_chars`.
    pub(in crate::domain) setting: &'static str,
    /// Whether line breaks and tabs may stand in it.
    pub(in crate::domain) multiline: bool,
}

impl TextRule {
    /// Checks `text` against the rule.
    ///
    /// Control characters are refused: Postgres cannot store NUL, and the others serve only to deceive in a terminal.
    pub(in crate::domain) fn check(&self, text: &str) -> Result<(), InvalidField> {
        let refused = |c: char| match self.multiline {
            true => c.is_control() && !matches!(c, '\n' | '\r' | '\t'),
            false => is_control_or_line_break(c),
        };
        if let Some(control) = text.chars().find(|&c| refused(c)) {
            let detail = format!("The {} contains the control character U+{:04X}.", self.noun, control as u32);
            return Err(InvalidField::new(self.field, Refusal::InvalidText, detail));
        }
        self.check_length(text)
    }

    /// Checks the length of `text` as it was sent: a program that counts what it sends need not know what is taken out.
    pub(in crate::domain) fn check_length(&self, text: &str) -> Result<(), InvalidField> {
        let chars = text.chars().count();
        if chars > self.max_chars {
            let detail = format!(
                "The {} has {chars} characters; at most {} are allowed ({}).",
                self.noun, self.max_chars, self.setting
            );
            return Err(InvalidField::new(self.field, self.too_long, detail));
        }
        Ok(())
    }

    /// Checks one line of `text` after taking from it what nobody sees; the line may be empty.
    pub(in crate::domain) fn check_line(&self, text: &str) -> Result<String, InvalidField> {
        let line = visible_line(text);
        self.check(&line)?;
        self.check_length(text)?;
        Ok(line)
    }

    /// The same, and refuses the line when nothing is left.
    pub(in crate::domain) fn check_filled(&self, text: &str, empty: Refusal) -> Result<String, InvalidField> {
        let line = self.check_line(text)?;
        if line.is_empty() {
            return Err(InvalidField::new(self.field, empty, format!("The {} is empty.", self.noun)));
        }
        Ok(line)
    }
}

/// What no single line has: control characters, and Unicode's own line and paragraph separators.
pub(in crate::domain) fn is_control_or_line_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}
