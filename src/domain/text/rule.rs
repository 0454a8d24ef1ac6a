//! Checks that every text from outside goes through.

use thiserror::Error;

use crate::domain::Refusal;

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
        let allowed = |c: char| self.multiline && matches!(c, '\n' | '\r' | '\t');
        if let Some(control) = text.chars().find(|&c| c.is_control() && !allowed(c)) {
            let detail = format!("The {} contains the control character U+{:04X}.", self.noun, control as u32);
            return Err(InvalidField::new(self.field, Refusal::InvalidText, detail));
        }
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

    /// Trims `text`, checks it, and refuses it when nothing is left.
    pub(in crate::domain) fn check_filled(&self, text: &str, empty: Refusal) -> Result<String, InvalidField> {
        let text = text.trim();
        if is_blank(text) {
            return Err(InvalidField::new(self.field, empty, format!("The {} is empty.", self.noun)));
        }
        self.check(text)?;
        Ok(text.to_owned())
    }
}

/// Whether a reader would see nothing: white space, or characters of no width.
pub(in crate::domain) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}'))
}
