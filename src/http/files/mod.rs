//! Files: uploading, downloading, thumbnails.

pub(crate) mod download;
pub(crate) mod file;
pub(crate) mod thumbnails;
