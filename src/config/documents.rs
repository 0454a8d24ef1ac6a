//! Settings of shared documents.

use clap::Args;

/// Documents that several people write at once.
#[derive(Debug, Clone, Args)]
pub struct DocumentsConfig {
    /// Largest document, in bytes of its Yjs state; merging one takes up to fifty times as much memory
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_BYTES", default_value_t = 10_485_760)]
    pub max_document_bytes: usize,
    /// Longest title of a document, in characters
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_TITLE_CHARS", default_value_t = 120)]
    pub max_document_title_chars: usize,
    /// Saves of documents that are merged at once; later ones wait
    #[arg(long, env = "HUBBUB_DOCUMENT_MERGES_AT_ONCE", default_value_t = 2)]
    pub document_merges_at_once: usize,
    /// Saves of documents that may wait; beyond it a save answers 503
    #[arg(long, env = "HUBBUB_MAX_WAITING_DOCUMENT_SAVES", default_value_t = 64)]
    pub max_waiting_document_saves: usize,
    /// Pause between two versions of a document that are kept, in seconds
    #[arg(long, env = "HUBBUB_DOCUMENT_VERSION_SECS", default_value_t = 600)]
    pub document_version_secs: u32,
    /// Versions kept of a document; the oldest go first
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_VERSIONS", default_value_t = 100)]
    pub max_document_versions: u32,
}
