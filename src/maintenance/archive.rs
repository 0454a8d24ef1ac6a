//! The form of a backup: a tar file of the data directory, with a list of what it must contain at its end.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the database within a data directory and within an archive.
pub(super) const DATABASE: &str = "hubbub.sqlite3";
/// The directory of uploaded files within a data directory and within an archive.
pub(super) const FILES: &str = "files";
/// The list, the last of an archive: one that was cut off has none.
pub(super) const MANIFEST: &str = "hubbub-backup.json";
/// The form described here.
pub(super) const FORMAT: u32 = 1;

/// The list of an archive's content.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// The version of Hubbub that wrote it.
    pub(super) version: String,
    pub(super) created_at: String,
    pub(super) files: Vec<ManifestFile>,
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestFile {
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Of its content, in hex.
    pub(super) sha256: String,
}

/// Passes on what it reads, and counts and digests it.
pub(super) struct Digesting<R> {
    inner: R,
    digest: Sha256,
    bytes: u64,
}

impl<R: Read> Digesting<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, digest: Sha256::new(), bytes: 0 }
    }

    /// What was read.
    pub(super) fn finish(self, path: String) -> ManifestFile {
        ManifestFile { path, bytes: self.bytes, sha256: hex::encode(self.digest.finalize()) }
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
