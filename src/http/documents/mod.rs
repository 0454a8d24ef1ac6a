//! Shared documents: reading, saving, versions.

pub(crate) mod document;
pub(crate) mod merge_limiter;
pub(crate) mod saves;
pub(crate) mod update_body;
pub(crate) mod versions;
