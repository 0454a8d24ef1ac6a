//! What documents said before.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::domain::{DocumentId, DocumentVersion, Timestamp};
use crate::json::AuthorPayload;

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

#[derive(Serialize)]
struct VersionsResponse<'a> {
    versions: Vec<VersionPayload<'a>>,
}

#[derive(Serialize)]
struct VersionResponse<'a> {
    version: VersionPayload<'a>,
    text: &'a str,
}

/// A version: see `docs/api.md`, "Objects".
#[derive(Serialize)]
struct VersionPayload<'a> {
    number: i64,
    created_at: Timestamp,
    created_by: AuthorPayload<'a>,
    revision: i64,
    bytes: i64,
}

impl<'a> From<&'a DocumentVersion> for VersionPayload<'a> {
    fn from(version: &'a DocumentVersion) -> Self {
        Self {
            number: version.number,
            created_at: version.created_at,
            created_by: (&version.created_by).into(),
            revision: version.revision,
            bytes: version.bytes,
        }
    }
}

/// `GET /documents/{id}/versions`: the newest first.
pub(crate) async fn list_versions(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<DocumentId>,
) -> Result<HttpResponse, ApiError> {
    let versions = state.store.document_versions(viewer.user_id(), *id).await?;
    Ok(HttpResponse::Ok().json(VersionsResponse { versions: versions.iter().map(VersionPayload::from).collect() }))
}

/// `GET /documents/{id}/versions/{number}`.
pub(crate) async fn show_version(
    state: web::Data<WebState>,
    viewer: Identity,
    path: web::Path<(DocumentId, i64)>,
) -> Result<HttpResponse, ApiError> {
    let (id, number) = *path;
    let (version, text) = state.store.document_version(viewer.user_id(), id, number).await?;
    Ok(HttpResponse::Ok().json(VersionResponse { version: (&version).into(), text: &text }))
}
