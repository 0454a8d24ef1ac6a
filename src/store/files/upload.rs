//! A file while it is being received.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::content_hash::ContentHash;

/// A file that is being received: in a temporary file, which is removed when this is dropped. Its functions
/// block: call them on a thread for blocking work.
#[derive(Debug)]
pub struct Upload {
    file: NamedTempFile,
    digest: Sha256,
    /// The beginning, for detecting the media type.
    head: Vec<u8>,
    bytes: u64,
}

/// Bytes for detecting the media type; that of an archive shows only after some hundred bytes.
const HEAD_BYTES: usize = 8_192;

impl Upload {
    pub(super) fn begin(directory: &Path) -> io::Result<Self> {
        let file = NamedTempFile::new_in(directory)?;
        Ok(Self { file, digest: Sha256::new(), head: Vec::new(), bytes: 0 })
    }

    /// Appends the next piece.
    ///
    /// # Errors
    /// The disk's: full, broken.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.digest.update(piece);
        let missing = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&piece[..piece.len().min(missing)]);
        self.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// The length so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the content durable, still in the temporary file.
    ///
    /// # Errors
    /// The disk's: full, broken.
    pub fn finish(self) -> io::Result<FinishedUpload> {
        self.file.as_file().sync_all()?;
        Ok(FinishedUpload {
            hash: ContentHash::from(self.digest.finalize().as_slice()),
            content_type: content_type(&self.head),
            bytes: self.bytes,
            file: self.file,
        })
    }
}

/// A complete upload: durable, without a row, and removed when this is dropped.
#[derive(Debug)]
pub struct FinishedUpload {
    pub(super) file: NamedTempFile,
    pub(super) hash: ContentHash,
    pub(super) content_type: &'static str,
    pub(super) bytes: u64,
}

impl FinishedUpload {
    /// The media type, detected from the content.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Opens the content for reading.
    ///
    /// # Errors
    /// The system's.
    pub fn open(&self) -> io::Result<File> {
        self.file.reopen()
    }
}

/// Detects the media type. What a browser could run (HTML, SVG, scripts) is text and nothing else.
fn content_type(head: &[u8]) -> &'static str {
    match infer::get(head) {
        Some(kind) if kind.matcher_type() != infer::MatcherType::Text => kind.mime_type(),
        Some(_) | None if is_text(head) => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        // The head may end within a character.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    !head[..valid].iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x1b".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_content_says() {
        for (head, expected) in [
            (b"\x89PNG\r\n\x1a\n".as_slice(), "image/png"),
            (b"%PDF-1.7", "application/pdf"),
            (b"hello", "text/plain; charset=utf-8"),
            (b"", "text/plain; charset=utf-8"),
            (b"\x00\x01\x02", "application/octet-stream"),
        ] {
            assert_eq!(content_type(head), expected);
        }
    }

    #[test]
    fn nothing_that_a_browser_would_run_is_called_what_it_is() {
        for head in [
            "<!DOCTYPE html><script>alert(1)</script>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
            "<?xml version=\"1.0\"?><svg/>",
            "#!/bin/sh\nrm -rf /",
            "  <html>",
        ] {
            assert_eq!(content_type(head.as_bytes()), "text/plain; charset=utf-8", "{head}");
        }
    }
}
