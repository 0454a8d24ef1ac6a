//! Saving documents: merging what somebody changed into what is stored, and going back to what was stored before.

use std::time::Duration;

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bus::DocumentSaved;
use crate::domain::yjs::{Merged, UpdateError, changes_to, merge};
use crate::domain::{Document, DocumentContent, DocumentId, Refusal};
use crate::json::DocumentPayload;
use crate::pusher::SocketId;
use crate::store::{DocumentSave, DocumentState, VersionPolicy};

use crate::http::documents::document::etag;
use crate::http::documents::update_body::{UpdateBody, UpdateRequest};
use crate::http::error::ApiError;
use crate::http::files::download::blocking;
use crate::http::pipeline::identity::{ExcludedSocket, Identity};
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = SavedDocument)]
struct SaveResponse<'a> {
    document: DocumentPayload<'a>,
    state_vector: String,
    /// Whether the save brought anything new.
    changed: bool,
    /// Whether all of it could be merged; else a part builds on what the document lacks.
    complete: bool,
}

/// `PUT /documents/{id}`: merges a Yjs update.
#[utoipa::path(
    put, path = "/api/v1/documents/{id}", tag = "Documents",
    params(("id" = DocumentId, Path), ("X-Socket-Id" = Option<String>, Header, description = "This socket is not sent the event")),
    request_body(content((Vec<u8> = "application/octet-stream"), (UpdateRequest = "application/json"))),
    responses(
        (status = 200, description = "Merged and stored", body = SaveResponse, headers(("ETag" = String, description = "The revision"))),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "room_archived", "document_archived", "document_too_large", "document_bytes_used_up", "invalid_update"]))),
)]
pub(crate) async fn save_document(
    state: web::Data<WebState>,
    author: Identity,
    id: web::Path<DocumentId>,
    ExcludedSocket(except): ExcludedSocket,
    UpdateBody(update): UpdateBody,
) -> Result<HttpResponse, ApiError> {
    let interval = Duration::from_secs(state.config.documents.document_version_secs.into());
    save(&state, &author, *id, interval, except, move |_| Ok(update.clone())).await
}

/// `POST /documents/{id}/versions/{number}/restore`: makes the text that of a version by a change like any other, which
/// merges with what others write meanwhile and can itself be undone.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/versions/{number}/restore", tag = "Documents",
    params(("id" = DocumentId, Path), ("number" = i64, Path), ("X-Socket-Id" = Option<String>, Header, description = "This socket is not sent the event")),
    responses(
        (status = 200, description = "The text is that of the version", body = SaveResponse, headers(("ETag" = String, description = "The revision"))),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "room_archived", "version_not_found", "document_archived", "document_too_large"]))),
)]
pub(crate) async fn restore_version(
    state: web::Data<WebState>,
    author: Identity,
    path: web::Path<(DocumentId, i64)>,
    ExcludedSocket(except): ExcludedSocket,
) -> Result<HttpResponse, ApiError> {
    let (id, number) = *path;
    let (_, text) = state.store.document_version(author.user_id(), id, number).await?;
    // What is left behind becomes a version too, however young the last one is.
    let changes = move |stored: &[u8]| changes_to(&text, stored).map(Bytes::from);
    save(&state, &author, id, Duration::ZERO, except, changes).await
}

/// Merges what `update_of` makes of the stored state, stores it, and tells the others. Two savers never overwrite each
/// other: a merge is stored only if nobody stored another one meanwhile, and else done again.
async fn save(
    state: &WebState,
    author: &Identity,
    id: DocumentId,
    version_interval: Duration,
    except: Option<SocketId>,
    update_of: impl Fn(&[u8]) -> Result<Bytes, UpdateError> + Clone + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let config = &state.config.documents;
    let version_policy = VersionPolicy { interval: version_interval, most: config.max_document_versions.into() };
    let _place = state.merge_limiter.acquire().await?;
    loop {
        let stored = state.store.document_content(author.user_id(), id).await?;
        let DocumentState { document, state: content, state_vector } = stored;
        if document.archived_at.is_some() {
            return Err(ApiError::Refused(Refusal::DocumentArchived));
        }
        let (update_of, max_bytes) = (update_of.clone(), config.max_document_bytes);
        let merging = blocking(move || merge(&content, &update_of(&content)?, max_bytes).map(Outcome::from));
        let Outcome { update, is_complete, content } = merging.await??;
        let Some(content) = content else { return Ok(respond(&document, &state_vector, false, is_complete)) };
        let state_vector = content.state_vector.clone();
        let save = DocumentSave { id, revision: document.revision, content, version_policy };
        if let Some(document) = state.store.save_document(author.user_id(), save).await? {
            let saved = DocumentSaved { document: &document, state_vector: &state_vector, update: &update };
            state.bus.dispatch_document_saved(&saved, state.config.socket.max_event_data_bytes, except);
            return Ok(respond(&document, &state_vector, true, is_complete));
        }
    }
}

/// What came of merging.
struct Outcome {
    /// What was merged.
    update: Vec<u8>,
    is_complete: bool,
    /// `None`: nothing was new.
    content: Option<DocumentContent>,
}

impl From<Merged> for Outcome {
    fn from(mut merged: Merged) -> Self {
        let (update, is_complete) = (std::mem::take(&mut merged.update), merged.is_complete);
        Self { update, is_complete, content: merged.is_changed.then(|| DocumentContent::from(merged)) }
    }
}

fn respond(document: &Document, state_vector: &[u8], changed: bool, complete: bool) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, etag(document))).json(SaveResponse {
        document: document.into(),
        state_vector: STANDARD.encode(state_vector),
        changed,
        complete,
    })
}
