//! The name of a content on the disk: its digest.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The SHA-256 of a content, in lower-case hexadecimal digits. A path is made of it alone, never of a name that a
/// person chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContentHash(String);

impl ContentHash {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the content within the directory of the contents.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new(&self.0[..2]).join(&self.0)
    }

    /// The digest of a stored row.
    pub(in crate::store) const fn stored(digits: String) -> Self {
        Self(digits)
    }
}

impl From<&[u8]> for ContentHash {
    fn from(digest: &[u8]) -> Self {
        let mut digits = String::with_capacity(2 * digest.len());
        for byte in digest {
            let _ = write!(digits, "{byte:02x}"); // Writing to a String cannot fail.
        }
        Self(digits)
    }
}

/// The extension of a thumbnail's name, which is otherwise its content's.
pub(super) const THUMBNAIL: &str = "thumbnail";
