//! The limits on what a person may write, with the names of the settings that change them.

/// Limits on fields. Each comes from the setting named beside it, and an error that enforces one names that setting.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Characters in a message: `HUBBUB_MAX_MESSAGE_CHARS`.
    pub message_chars: usize,
    /// Characters in a room's name: `HUBBUB_MAX_ROOM_NAME_CHARS`.
    pub room_name_chars: usize,
    /// Characters in a room's topic: `HUBBUB_MAX_ROOM_TOPIC_CHARS`.
    pub room_topic_chars: usize,
    /// Characters in a document's title: `HUBBUB_MAX_DOCUMENT_TITLE_CHARS`.
    pub document_title_chars: usize,
    /// Characters in a person's name: `HUBBUB_MAX_USER_NAME_CHARS`.
    pub user_name_chars: usize,
    /// Fewest characters of a password: `HUBBUB_MIN_PASSWORD_CHARS`.
    pub password_chars_min: usize,
}
