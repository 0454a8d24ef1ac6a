//! Files, and what their names may be.

use super::FileId;
use super::Refusal;
use super::text::{InvalidField, is_control_or_line_break, visible_line};

/// A file that was uploaded into a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file.
    pub id: FileId,
    /// The name that it had where it came from.
    pub name: String,
    /// What it is, by its content and not by what its sender says.
    pub content_type: String,
    /// Its length.
    pub bytes: u64,
    /// Its width in pixels, when it is an image.
    pub width: Option<u32>,
    /// Its height in pixels, when it is an image.
    pub height: Option<u32>,
    /// Whether there is a small picture of it.
    pub has_thumbnail: bool,
}

/// A file's name: one line, no directories, no characters that turn the direction of writing or show nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

/// What the common file systems take.
const MAX_CHARS: usize = 255;

impl FileName {
    /// Parses the name that a file has elsewhere. Directories before it are dropped. The name is only ever shown; no path
    /// on this machine is made of it.
    ///
    /// # Errors
    /// `invalid_file_name` or `invalid_text`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        // Among what is taken out are the characters that make `exe.gpj` of `jpg.exe`.
        let name = visible_line(text.rsplit(['/', '\\']).next().unwrap_or_default());
        if name.chars().count() > MAX_CHARS {
            let detail = format!("The file's name has more than {MAX_CHARS} characters.");
            return Err(InvalidField::new("name", Refusal::InvalidFileName, detail));
        }
        if name.chars().any(is_control_or_line_break) {
            return Err(InvalidField::new(
                "name",
                Refusal::InvalidText,
                "The file's name contains a control character.",
            ));
        }
        if name.chars().all(|c| c == '.' || c.is_whitespace()) {
            return Err(InvalidField::new("name", Refusal::InvalidFileName, "The file has no name."));
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<String, &'static str> {
        FileName::parse(text).map(|name| name.as_str().to_owned()).map_err(|invalid| invalid.refusal.code())
    }

    #[test]
    fn directories_before_a_name_are_dropped() {
        for text in ["../../etc/passwd", "/etc/passwd", "C:\\windows\\passwd", "..\\passwd", "passwd"] {
            assert_eq!(name(text).as_deref(), Ok("passwd"), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_none_or_deceives_is_not_taken() {
        for text in ["", "/", "..", "../..", " . "] {
            assert_eq!(name(text), Err("invalid_file_name"), "{text:?}");
        }
        assert_eq!(name(&"x".repeat(256)), Err("invalid_file_name"));
        assert_eq!(name("a\0b"), Err("invalid_text"));
        assert_eq!(name("a\r\nSet-Cookie: x"), Err("invalid_text"));
        assert_eq!(name("photo\u{202e}gpj.exe").as_deref(), Ok("photogpj.exe"));
        assert_eq!(name("photo.jpg\u{3164}\u{2066} \u{200b}").as_deref(), Ok("photo.jpg"));
        for text in ["\u{202e}", "\u{3164}", "\u{e0041}", ".\u{2060}.", "a/\u{034f}"] {
            assert_eq!(name(text), Err("invalid_file_name"), "{text:?}");
        }
        assert_eq!(name("a\u{2028}b"), Err("invalid_text"));
    }
}
