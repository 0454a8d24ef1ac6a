//! Messages: posting, reading one, editing, taking back. [`post_message`] is the message's way through the server.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use tracing::warn;
use utoipa::ToSchema;

use crate::domain::{ClientId, FileId, InvalidField, Message, MessageBody, MessageDraft, MessageId, Refusal, RoomId};
use crate::json::MessagePayload;
use crate::store::Posted;
use crate::timeline::Timeline;

use crate::http::error::ApiError;
use crate::http::pipeline::body::TextOrJson;
use crate::http::pipeline::identity::{ExcludedSocket, Identity};
use crate::http::state::WebState;
use crate::http::text_schema;

/// A message as somebody sends it: a text, or `{"body":"…","client_id":"…","file_ids":[3]}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostMessageRequest {
    /// Without files, it has something to see.
    #[schema(schema_with = text_schema::message_beside_files)]
    body: String,
    #[schema(schema_with = text_schema::client_id)]
    client_id: Option<String>,
    /// What was uploaded into the room before, each once.
    #[serde(default)]
    #[schema(schema_with = text_schema::file_ids)]
    file_ids: Vec<FileId>,
    /// The message of the same room that it answers.
    reply_to_id: Option<MessageId>,
}

impl From<String> for PostMessageRequest {
    fn from(body: String) -> Self {
        Self { body, client_id: None, file_ids: Vec::new(), reply_to_id: None }
    }
}

impl PostMessageRequest {
    /// Checks and renders the text. The client's id for it may stand in the body or in the header, for the same purpose.
    fn parse(self, key: IdempotencyKey, state: &WebState) -> Result<MessageDraft, InvalidField> {
        let client_id = match (self.client_id, key.0) {
            (Some(client_id), Some(key)) if client_id != key => {
                let detail = "The client_id and the Idempotency-Key differ; send one of them.";
                return Err(InvalidField::new("client_id", Refusal::InvalidClientId, detail));
            }
            (client_id, key) => client_id.or(key),
        };
        let client_id = client_id.as_deref().map(ClientId::parse).transpose()?;
        let file_ids = self.file_ids;
        let max_files = state.config.http.max_files_per_message;
        if file_ids.len() > max_files {
            let detail = format!("A message has at most {max_files} files (HUBBUB_MAX_FILES_PER_MESSAGE).");
            return Err(InvalidField::new("file_ids", Refusal::TooManyFiles, detail));
        }
        if file_ids.iter().enumerate().any(|(index, id)| file_ids[..index].contains(id)) {
            return Err(InvalidField::new("file_ids", Refusal::DuplicateFile, "A file is attached once."));
        }
        let body = match file_ids.is_empty() {
            true => MessageBody::parse(&self.body, &state.limits)?,
            false => MessageBody::parse_beside_files(&self.body, &state.limits)?,
        };
        Ok(MessageDraft { body, client_id, file_ids, reply_to: self.reply_to_id })
    }
}

/// `POST /rooms/{id}/messages`: the six steps of one message.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/messages", tag = "Messages",
    params(("id" = RoomId, Path), ("Idempotency-Key" = Option<String>, Header, pattern = "^([A-Za-z0-9_.:-]{1,64}|\"[A-Za-z0-9_.:-]{1,64}\")$", description = "The same as `client_id`"), ("X-Socket-Id" = Option<String>, Header, description = "This socket is not sent the event")),
    request_body(content((String = "text/plain"), (PostMessageRequest = "application/json"))),
    responses(
        (status = 201, description = "Stored, and dispatched to everybody in the room", body = MessagePayload, headers(("Location" = String, description = "The path of the message"), ("Server-Timing" = String, description = "How long each step took"))),
        (status = 200, description = "Stored before, under the same client_id", body = MessagePayload, headers(("Idempotency-Replayed" = String))),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "file_not_found", "client_id_reused", "invalid_reply", "message_empty", "message_too_long", "invalid_text", "invalid_client_id", "too_many_files", "duplicate_file"]))),
)]
pub(crate) async fn post_message(
    state: web::Data<WebState>,
    StartTimeline(timeline): StartTimeline,
    author: Identity,
    room_id: web::Path<RoomId>,
    key: IdempotencyKey,
    ExcludedSocket(except): ExcludedSocket,
    TextOrJson(request): TextOrJson<PostMessageRequest>,
) -> Result<HttpResponse, ApiError> {
    // 1  The client has sent it.
    // 2  Validate and store.
    let draft = request.parse(key, &state)?;
    timeline.parsed();
    let (message, event) = match state.store.post_message(author.user_id(), *room_id, draft).await? {
        Posted::New { message, event } => (message, event),
        Posted::Replayed(message) => return Ok(replayed(&message)),
    };
    timeline.stored();
    state.timelines.keep(message.id, event.seq, Arc::clone(&timeline));
    // 3  Dispatch.
    state.bus.dispatch_with_timeline(&event, &timeline, except);
    timeline.dispatched();
    // 4  The broadcaster hears it, and
    // 5  the clients receive it, while nobody here waits for them.
    // 6  Answer.
    timeline.answered();
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/rooms/{room_id}/messages/{}", message.id)))
        .insert_header(("Server-Timing", timeline.server_timing()))
        .json(MessagePayload::from(&message)))
}

/// The answer to a post that was stored before: the first one's result.
fn replayed(message: &Message) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Idempotency-Replayed", "true")).json(MessagePayload::from(message))
}

/// A timeline that starts when the request's head has been read. It stands first among a handler's parameters, so that the
/// time for the others counts.
pub(crate) struct StartTimeline(Arc<Timeline>);

impl FromRequest for StartTimeline {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Timeline::start())))
    }
}

/// The header `Idempotency-Key`, with or without the quotes of a structured field.
pub(crate) struct IdempotencyKey(Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = request.headers().get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()));
        let unquoted = |key: &str| key.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
        ready(Ok(Self(key.map(|key| unquoted(&key).unwrap_or_else(|| key.into_owned())))))
    }
}

/// `GET /rooms/{id}/messages/{message}`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/messages/{message}", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path)),
    responses(
        (status = 200, description = "The message", body = MessagePayload),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "message_not_found"]))),
)]
pub(crate) async fn show_message(
    state: web::Data<WebState>,
    viewer: Identity,
    path: web::Path<(RoomId, MessageId)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id) = *path;
    let message = state.store.message(viewer.user_id(), room_id, message_id).await?;
    Ok(HttpResponse::Ok().json(MessagePayload::from(&message)))
}

/// A message's new text: as it is, or `{"body":"…"}`. Beside files it may be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditMessageRequest {
    #[schema(schema_with = text_schema::message_beside_files)]
    body: String,
}

impl From<String> for EditMessageRequest {
    fn from(body: String) -> Self {
        Self { body }
    }
}

/// `PATCH /rooms/{id}/messages/{message}`: its author replaces the text.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{id}/messages/{message}", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path)),
    request_body(content((String = "text/plain"), (EditMessageRequest = "application/json"))),
    responses(
        (status = 200, description = "The message after the edit", body = MessagePayload),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "message_not_found", "not_allowed", "message_empty", "message_too_long", "invalid_text"]))),
)]
pub(crate) async fn edit_message(
    state: web::Data<WebState>,
    author: Identity,
    path: web::Path<(RoomId, MessageId)>,
    TextOrJson(request): TextOrJson<EditMessageRequest>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id) = *path;
    let mut body = MessageBody::parse_beside_files(&request.body, &state.limits)?;
    if body.text().is_empty() {
        // Files stay with their message, so what is seen here holds until the edit.
        let message = state.store.message(author.user_id(), room_id, message_id).await?;
        if message.files.is_empty() {
            body = MessageBody::parse(&request.body, &state.limits)?;
        }
    }
    let (message, event) = state.store.edit_message(author.user_id(), room_id, message_id, body).await?;
    state.bus.dispatch([&event]);
    Ok(HttpResponse::Ok().json(MessagePayload::from(&message)))
}

/// `DELETE /rooms/{id}/messages/{message}`: takes it back; its place stays.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{id}/messages/{message}", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path)),
    responses(
        (status = 200, description = "The message without its text", body = MessagePayload),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "message_not_found", "not_allowed"]))),
)]
pub(crate) async fn delete_message(
    state: web::Data<WebState>,
    actor: Identity,
    path: web::Path<(RoomId, MessageId)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id) = *path;
    let (message, event) = state.store.delete_message(actor.user_id(), room_id, message_id).await?;
    state.bus.dispatch(&event);
    if let Err(error) = state.files.remove_unused().await {
        // The message is gone and says so; its files' contents are looked at again later.
        warn!(%error, "files of a deleted message stay for the moment");
    }
    Ok(HttpResponse::Ok().json(MessagePayload::from(&message)))
}
