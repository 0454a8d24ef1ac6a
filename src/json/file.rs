//! A file of a message.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{File, FileId};

/// A file: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = File)]
pub struct FilePayload<'a> {
    id: FileId,
    name: &'a str,
    content_type: &'a str,
    bytes: u64,
    #[schema(required)]
    width: Option<u32>,
    #[schema(required)]
    height: Option<u32>,
    url: String,
    #[schema(required)]
    thumbnail_url: Option<String>,
}

impl<'a> From<&'a File> for FilePayload<'a> {
    fn from(file: &'a File) -> Self {
        let url = format!("/api/v1/files/{}", file.id);
        Self {
            id: file.id,
            name: &file.name,
            content_type: &file.content_type,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
            thumbnail_url: file.has_thumbnail.then(|| format!("{url}/thumbnail")),
            url,
        }
    }
}
