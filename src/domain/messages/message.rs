//! A message, and what a text must be to become one.

use crate::domain::text::{InvalidField, TextRule, is_blank};
use crate::domain::{File, FileId, Limits, MessageId, Refusal, RoomId, Seq, Timestamp, UserRef, render_markdown};

use super::reaction::EmojiCount;
use super::reply::RepliedTo;

/// A message as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message.
    pub id: MessageId,
    /// Its room.
    pub room_id: RoomId,
    /// The place of its posting in the room's log.
    pub seq: Seq,
    /// Its place among the room's messages: 1, 2, 3 …
    pub number: i64,
    /// Who wrote it.
    pub author: UserRef,
    /// The Markdown that was written; empty once deleted.
    pub body: String,
    /// The same as sanitised HTML.
    pub html: String,
    /// The name that its author's program gave it, so that a repeated post is recognised.
    pub client_id: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its text was last replaced.
    pub edited_at: Option<Timestamp>,
    /// When it was taken back.
    pub deleted_at: Option<Timestamp>,
    /// The place in the room's log of the last event that changed anything of it. Of two copies of a message the one with
    /// the higher value is the later.
    pub changed_seq: Seq,
    /// The message that it answers.
    pub reply_to: Option<RepliedTo>,
    /// What is attached to it; nothing once deleted.
    pub files: Vec<File>,
    /// The emoji under it, in the order of their first use; none once deleted.
    pub reactions: Vec<EmojiCount>,
}

/// A message that is about to be stored: valid, and rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDraft {
    /// The text.
    pub body: MessageBody,
    /// The sender's own name for it.
    pub client_id: Option<ClientId>,
    /// What its author uploaded into the room to be attached to it, each once.
    pub file_ids: Vec<FileId>,
    /// The message of the same room that it answers.
    pub reply_to: Option<MessageId>,
}

/// A message's text: something to see, no control characters, within the limit; and its rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageBody {
    text: String,
    html: String,
}

impl MessageBody {
    /// Checks and renders what somebody wrote. White space at the end is dropped, at the beginning kept: it may indent code.
    ///
    /// # Errors
    /// `message_empty`, `message_too_long` or `invalid_text`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        if is_blank(text) {
            return Err(InvalidField::new("body", Refusal::MessageEmpty, "The message is empty."));
        }
        let rule = TextRule {
            field: "body",
            noun: "message",
            too_long: Refusal::MessageTooLong,
            max_chars: limits.message_chars,
            setting: "HUBBUB_MAX_MESSAGE_CHARS",
            multiline: true,
        };
        rule.check_length(text)?;
        let text = text.trim_end();
        rule.check(text)?;
        Ok(Self { text: text.to_owned(), html: render_markdown(text) })
    }

    /// Checks and renders what somebody wrote beside files, which may be nothing.
    ///
    /// # Errors
    /// `message_too_long` or `invalid_text`.
    pub fn parse_beside_files(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        if is_blank(text) { Ok(Self { text: String::new(), html: String::new() }) } else { Self::parse(text, limits) }
    }

    /// The Markdown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sanitised HTML.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }
}

/// The sender's own name for a message, unique for each author for ever: 1 to 64 of `A–Z a–z 0–9 _ - . :`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// Parses a `client_id` or an `Idempotency-Key`.
    ///
    /// # Errors
    /// `invalid_client_id`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
        if plain && (1..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        let detail = "A client_id has 1 to 64 characters: letters, digits, \"_\", \"-\", \".\" and \":\".";
        Err(InvalidField::new("client_id", Refusal::InvalidClientId, detail))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        message_chars: 10,
        room_name_chars: 80,
        room_topic_chars: 250,
        document_title_chars: 120,
        user_name_chars: 80,
        password_chars_min: 10,
    };

    fn code_of(text: &str) -> &'static str {
        MessageBody::parse(text, &LIMITS).map_or_else(|invalid| invalid.refusal.code(), |_| "accepted")
    }

    #[test]
    fn a_message_that_shows_nothing_is_refused() {
        for text in ["", " \n\t", "\u{200b}\u{feff}", "\u{3000}"] {
            assert_eq!(code_of(text), "message_empty", "{text:?}");
        }
    }

    #[test]
    fn length_counts_characters_and_the_error_names_the_setting() {
        assert_eq!(code_of(&"é".repeat(10)), "accepted");
        let invalid = MessageBody::parse(&"é".repeat(11), &LIMITS).expect_err("one too many");
        assert_eq!(invalid.refusal, Refusal::MessageTooLong);
        assert!(invalid.detail.contains("11 characters") && invalid.detail.contains("HUBBUB_MAX_MESSAGE_CHARS"));
    }

    #[test]
    fn what_is_dropped_at_the_end_counts() {
        assert_eq!(code_of("123456789\n"), "accepted");
        assert_eq!(code_of("1234567890\n"), "message_too_long");
    }

    #[test]
    fn nul_and_escape_sequences_are_refused_but_line_breaks_are_not() {
        assert_eq!(code_of("a\0b"), "invalid_text");
        assert_eq!(code_of("\u{1b}[2J"), "invalid_text");
        assert_eq!(code_of("a\r\n\tb"), "accepted");
    }

    #[test]
    fn indentation_at_the_beginning_survives() {
        let body = MessageBody::parse("    code \n", &LIMITS).expect("valid");
        assert_eq!(body.text(), "    code");
        assert!(body.html().contains("<pre>"));
    }
}
