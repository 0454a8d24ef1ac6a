//! Documents that several people write at once.

use super::Refusal;
use super::text::{InvalidField, TextRule};
use super::yjs::{self, EMPTY_STATE, EMPTY_STATE_VECTOR, Merged};
use super::{DocumentId, Limits, RoomId, Timestamp, UserRef, words};

/// A shared document, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document.
    pub id: DocumentId,
    /// The room whose members write it.
    pub room_id: RoomId,
    /// Its title.
    pub title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: UserRef,
    /// When a save last changed it.
    pub updated_at: Timestamp,
    /// Whose save that was.
    pub updated_by: UserRef,
    /// How many saves have changed it.
    pub revision: i64,
    /// The length of its state.
    pub bytes: i64,
    /// Since when it is only read.
    pub archived_at: Option<Timestamp>,
}

/// What a document was at a revision, kept to be looked at and gone back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentVersion {
    /// 1, 2, 3 … within the document.
    pub number: i64,
    /// When it was saved.
    pub created_at: Timestamp,
    /// Who saved it.
    pub created_by: UserRef,
    /// The document's revision.
    pub revision: i64,
    /// The length of its text.
    pub bytes: i64,
}

/// A document's title: not blank, one line, within the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTitle(String);

impl DocumentTitle {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `document_title_empty`, `document_title_too_long` or `invalid_text`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        let rule = TextRule {
            field: "title",
            noun: "document's title",
            too_long: Refusal::DocumentTitleTooLong,
            max_chars: limits.document_title_chars,
            setting: "HUBBUB_MAX_DOCUMENT_TITLE_CHARS",
            multiline: false,
        };
        rule.check_filled(text, Refusal::DocumentTitleEmpty).map(Self)
    }

    /// The title as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// All that is stored of what a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentContent {
    /// The Yjs state, as one update.
    pub state: Vec<u8>,
    /// Its state vector.
    pub state_vector: Vec<u8>,
    /// What people read.
    pub text: String,
    /// The text's words, by which it is found.
    pub words: String,
}

impl DocumentContent {
    /// Nothing written yet.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            state: EMPTY_STATE.to_vec(),
            state_vector: EMPTY_STATE_VECTOR.to_vec(),
            text: String::new(),
            words: word_list(""),
        }
    }
}

impl From<Merged> for DocumentContent {
    fn from(merged: Merged) -> Self {
        let Merged { state, now: yjs::TextNow { state_vector, text }, .. } = merged;
        Self { words: word_list(&text), state, state_vector, text }
    }
}

/// The words of a text, each between spaces: a phrase of it is a part of this.
#[must_use]
pub fn word_list(text: &str) -> String {
    let mut list = String::from(" ");
    for word in words(text) {
        list.push_str(&word.text);
        list.push(' ');
    }
    list
}
