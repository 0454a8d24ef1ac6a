//! Settings of shared documents.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Documents that several people edit together.
#[derive(Debug, Clone, Args)]
pub struct DocumentsConfig {
    /// Largest document, in bytes of its Yjs state; merging one takes up to fifty times as much memory
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_BYTES", default_value_t = 10_485_760, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000_000_000))]
    pub max_document_bytes: usize,
    /// Longest title of a document, in characters
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_TITLE_CHARS", default_value_t = 120, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub max_document_title_chars: usize,
    /// Saves of documents that are merged at the same time; later ones wait
    #[arg(long, env = "HUBBUB_DOCUMENT_MERGES_AT_ONCE", default_value_t = 2, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000))]
    pub document_merges_at_once: usize,
    /// Saves of documents that may wait; when it is full, a save is answered 503
    #[arg(long, env = "HUBBUB_MAX_WAITING_DOCUMENT_SAVES", default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    pub max_waiting_document_saves: usize,
    /// Minimum time between two stored versions of a document, in seconds
    #[arg(long, env = "HUBBUB_DOCUMENT_VERSION_SECS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(0..=31_536_000))]
    pub document_version_secs: u32,
    /// Stored versions of a document; the oldest are removed first
    #[arg(long, env = "HUBBUB_MAX_DOCUMENT_VERSIONS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub max_document_versions: u32,
}
