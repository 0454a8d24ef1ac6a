//! Files: uploading one into a room, and reading it.

use std::io;

use actix_web::http::header::{CONTENT_LENGTH, LOCATION};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::config::Ration;
use crate::domain::{FileId, FileName, Refusal, RoomId};
use crate::json::FilePayload;
use crate::store::{FinishedUpload, Upload};

use crate::http::error::ApiError;
use crate::http::files::download::{Download, blocking};
use crate::http::pipeline::body::{refuse_encoded, unreadable};
use crate::http::pipeline::client_ip::client_ip;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadParameters {
    /// What the file is called where it comes from.
    #[param(schema_with = text_schema::file_name)]
    name: String,
}

/// `POST /rooms/{id}/files?name=`: the body is the file. It goes to the disk piece by piece, and what is cut off or too
/// large leaves nothing behind.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/files", tag = "Files",
    params(("id" = RoomId, Path), UploadParameters),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself, whatever its type"),
    responses(
        (status = 201, description = "The file", body = FilePayload, headers(("Location" = String, description = "The path of what was made"))),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "file_too_large", "body_incomplete", "body_too_slow", "unsupported_media_type", "file_bytes_used_up", "unattached_bytes_used_up", "invalid_file_name", "invalid_text"]))),
)]
pub(crate) async fn upload_file(
    state: web::Data<WebState>,
    uploader: Identity,
    room_id: web::Path<RoomId>,
    parameters: web::Query<UploadParameters>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    refuse_encoded(&request, request.content_type())?;
    let name = FileName::parse(&parameters.name)?;
    state.store.require_writing(uploader.user_id(), *room_id).await?;
    state.store.require_file_ration(uploader.user_id(), stated_length(&request).unwrap_or_default()).await?;
    let place = state.rations.take_place(Ration::Bodies, None, client_ip(&request)?)?;
    let received = receive(&state, &request, body).await?;
    drop(place);
    let content = received.open().map_err(disk_failed)?;
    let preview = state.thumbnails.draw(content, received.content_type()).await?;
    let file = state.files.keep(uploader.user_id(), *room_id, name, received, preview).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/files/{}", file.id)))
        .json(FilePayload::from(&file)))
}

/// Receives a body into a file of its own, which goes when the answer is dropped.
async fn receive(state: &WebState, request: &HttpRequest, mut body: web::Payload) -> Result<FinishedUpload, ApiError> {
    let max_file_bytes = state.config.http.max_file_bytes;
    if stated_length(request).is_some_and(|length| length > max_file_bytes) {
        return Err(ApiError::FileTooLarge { max_file_bytes });
    }
    let files = state.files.clone();
    let mut upload = blocking(move || files.begin_upload()).await?.map_err(disk_failed)?;
    loop {
        let Some(piece) = body.next().await else { break };
        let piece = piece.map_err(unreadable)?;
        if upload.bytes() + u64::try_from(piece.len()).unwrap_or(u64::MAX) > max_file_bytes {
            return Err(ApiError::FileTooLarge { max_file_bytes });
        }
        let written = blocking(move || upload.write(&piece).map(|()| upload));
        upload = written.await?.map_err(disk_failed)?;
    }
    blocking(move || Upload::finish(upload)).await?.map_err(disk_failed)
}

fn stated_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The disk is full or gone; it may be back in a moment.
fn disk_failed(error: io::Error) -> ApiError {
    ApiError::Unavailable(format!("the directory of the files: {error}"))
}

/// `GET /files/{id}`.
#[utoipa::path(
    method(get, head), path = "/api/v1/files/{id}", tag = "Files",
    params(("id" = FileId, Path)),
    responses(
        (status = 200, description = "The content", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "The range that was asked for", body = Vec<u8>, content_type = "*/*"),
        (status = 304, description = "The same as the caller has"),
    ),
    extensions(("x-problems" = json!(["file_not_found", "range_not_satisfiable"]))),
)]
pub(crate) async fn show_file(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<FileId>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let stored = state.store.file(viewer.user_id(), *id).await?;
    let download = Download {
        etag: format!("\"{}\"", stored.hash.as_str()),
        content_type: stored.file.content_type.clone(),
        name: stored.file.name.clone(),
    };
    let files = state.files.clone();
    download.respond(&request, move || files.read(&stored)).await
}

/// `GET /files/{id}/thumbnail`.
#[utoipa::path(
    method(get, head), path = "/api/v1/files/{id}/thumbnail", tag = "Files",
    params(("id" = FileId, Path)),
    responses(
        (status = 200, description = "A small picture", body = Vec<u8>, content_type = "image/*"),
        (status = 206, description = "The range that was asked for", body = Vec<u8>, content_type = "image/*"),
        (status = 304, description = "The same as the caller has"),
    ),
    extensions(("x-problems" = json!(["file_not_found", "thumbnail_not_found", "range_not_satisfiable"]))),
)]
pub(crate) async fn show_thumbnail(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<FileId>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let stored = state.store.file(viewer.user_id(), *id).await?;
    let download = Download {
        etag: format!("\"{}-thumbnail\"", stored.hash.as_str()),
        content_type: stored.thumbnail_type.clone().ok_or(ApiError::Refused(Refusal::ThumbnailNotFound))?,
        name: stored.file.name.clone(),
    };
    let files = state.files.clone();
    download.respond(&request, move || files.read_thumbnail(&stored)).await
}
