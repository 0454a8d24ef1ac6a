//! Reactions: emoji that people put under a message.

use unicode_normalization::UnicodeNormalization;

use crate::domain::text::{InvalidField, is_blank, is_control_or_line_break, visible_line};
use crate::domain::{MessageId, Refusal, UserRef};

/// Somebody's reaction to a message, as it was added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The message.
    pub message_id: MessageId,
    /// The emoji.
    pub emoji: ReactionEmoji,
    /// Whose it is.
    pub user: UserRef,
}

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmojiCount {
    /// The emoji.
    pub emoji: ReactionEmoji,
    /// How many people use it.
    pub count: i64,
    /// Those who used it first; at most [`EmojiCount::MAX_USERS`].
    pub users: Vec<UserRef>,
}

impl EmojiCount {
    /// How many people are named at most.
    pub const MAX_USERS: i64 = 50;
}

/// What a reaction may be: an emoji, or a text of 1 to 16 characters such as `+1`, without spaces and characters that
/// nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionEmoji(String);

const MAX_CHARS: usize = 16;
/// Asks for the colourful form of the character before it.
const COLOUR_SELECTOR: char = '\u{FE0F}';

impl ReactionEmoji {
    /// Parses what somebody chose. Two forms of one emoji, such as ❤ with and without the character that asks for colour,
    /// become the same.
    ///
    /// # Errors
    /// `invalid_reaction`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let without_selectors = || text.replace(COLOUR_SELECTOR, "");
        if let Some(emoji) = emojis::get(text).or_else(|| emojis::get(&without_selectors())) {
            return Ok(Self(emoji.as_str().to_owned()));
        }
        let text: String = text.nfc().take(MAX_CHARS + 1).collect();
        let is_plain = !text.chars().any(|c| c.is_whitespace() || is_control_or_line_break(c));
        if is_plain && !is_blank(&text) && text.chars().count() <= MAX_CHARS && visible_line(&text) == text {
            return Ok(Self(text));
        }
        let detail = format!("A reaction is an emoji, or 1 to {MAX_CHARS} characters without spaces.");
        Err(InvalidField::new("emoji", Refusal::InvalidReaction, detail))
    }

    /// One that was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The emoji as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, &'static str> {
        ReactionEmoji::parse(text).map(|emoji| emoji.0).map_err(|invalid| invalid.refusal.code())
    }

    #[test]
    fn an_emoji_however_it_is_composed_and_a_short_word_are_reactions() {
        for text in [
            "👍",
            "👍🏽",
            "👩🏽\u{200d}💻",
            "🏳️\u{200d}🌈",
            "🇫🇷",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "1️⃣",
            "+1",
            ":-)",
            "да",
            "完了",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn two_forms_of_one_emoji_are_the_same() {
        for (form, whole) in
            [("❤", "❤\u{fe0f}"), ("☹", "☹\u{fe0f}"), ("🏳\u{200d}🌈", "🏳\u{fe0f}\u{200d}🌈"), ("👍\u{fe0f}", "👍")]
        {
            assert_eq!((parse(form).as_deref(), parse(whole).as_deref()), (Ok(whole), Ok(whole)));
        }
        assert_eq!(parse("e\u{301}"), parse("é"));
    }

    #[test]
    fn what_shows_nothing_or_too_much_is_refused() {
        let long = "x".repeat(17);
        for text in [
            "",
            " ",
            "a b",
            "\u{200d}",
            "\u{fe0f}",
            "\u{202e}👍",
            "a\u{200b}",
            "\n",
            "\u{3000}",
            "\0",
            &long,
            &"👍".repeat(17),
        ] {
            assert_eq!(parse(text), Err("invalid_reaction"), "{text:?}");
        }
        assert_eq!(parse(&"x".repeat(16)).map(|text| text.len()), Ok(16));
    }
}
