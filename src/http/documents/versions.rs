//! Earlier versions of documents.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{DocumentId, DocumentVersion, Timestamp};
use crate::json::UserRefPayload;

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = DocumentVersions)]
struct VersionsResponse<'a> {
    versions: Vec<VersionPayload<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DocumentVersionText)]
struct VersionResponse<'a> {
    version: VersionPayload<'a>,
    text: &'a str,
}

/// A version: see `docs/api.md`, "Objects".
#[derive(Serialize, ToSchema)]
#[schema(as = DocumentVersion)]
struct VersionPayload<'a> {
    number: i64,
    created_at: Timestamp,
    created_by: UserRefPayload<'a>,
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
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions", tag = "Documents",
    params(("id" = DocumentId, Path)),
    responses(
        (status = 200, description = "The versions, the newest first", body = VersionsResponse),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member"]))),
)]
pub(crate) async fn list_versions(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<DocumentId>,
) -> Result<HttpResponse, ApiError> {
    let versions = state.store.document_versions(viewer.user_id(), *id).await?;
    Ok(HttpResponse::Ok().json(VersionsResponse { versions: versions.iter().map(VersionPayload::from).collect() }))
}

/// `GET /documents/{id}/versions/{number}`.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions/{number}", tag = "Documents",
    params(("id" = DocumentId, Path), ("number" = i64, Path)),
    responses(
        (status = 200, description = "The version and its text", body = VersionResponse),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "version_not_found"]))),
)]
pub(crate) async fn show_version(
    state: web::Data<WebState>,
    viewer: Identity,
    path: web::Path<(DocumentId, i64)>,
) -> Result<HttpResponse, ApiError> {
    let (id, number) = *path;
    let (version, text) = state.store.document_version(viewer.user_id(), id, number).await?;
    Ok(HttpResponse::Ok().json(VersionResponse { version: (&version).into(), text: &text }))
}
