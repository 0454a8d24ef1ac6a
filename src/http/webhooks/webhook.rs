//! Webhooks: URLs that are called for events. Created, listed and removed here; called by [`crate::jobs`].

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::WebhookSecret;
use crate::domain::{EventKind, RoomId, Timestamp, UserId, WebhookId, WebhookUrl};
use crate::store::{NewWebhook, Webhook};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookResponse<'a> {
    id: WebhookId,
    url: &'a str,
    #[schema(required)]
    room_id: Option<RoomId>,
    events: &'a [EventKind],
    /// Shown once, when the webhook is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<&'a str>,
    created_by: UserId,
    created_at: Timestamp,
}

impl<'a> WebhookResponse<'a> {
    fn new(webhook: &'a Webhook, secret: Option<&'a WebhookSecret>) -> Self {
        Self {
            id: webhook.id,
            url: &webhook.url,
            room_id: webhook.room_id,
            events: &webhook.event_types,
            secret: secret.map(WebhookSecret::expose),
            created_by: webhook.created_by,
            created_at: webhook.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Webhooks)]
struct WebhooksResponse<'a> {
    items: Vec<WebhookResponse<'a>>,
}

/// `GET /webhooks`: one's own; an administrator's are all.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "Webhooks",
    responses(
        (status = 200, description = "Yours, or all of them for an administrator", body = WebhooksResponse),
    ),
)]
pub(crate) async fn list_webhooks(state: web::Data<WebState>, identity: Identity) -> Result<HttpResponse, ApiError> {
    let webhooks = state.store.webhooks(identity.user_id()).await?;
    let items = webhooks.iter().map(|webhook| WebhookResponse::new(webhook, None)).collect();
    Ok(HttpResponse::Ok().json(WebhooksResponse { items }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookRequest {
    #[schema(schema_with = text_schema::webhook_url)]
    url: String,
    /// All of one's rooms when it is missing.
    room_id: Option<RoomId>,
    #[schema(value_type = Vec<EventKind>, min_items = 1)]
    events: Vec<String>,
}

/// `POST /webhooks`: the room's maker or an administrator; for all rooms an administrator.
///
/// Only for a session: a leaked API token must not be able to add a webhook that still works after the token is revoked.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "Webhooks",
    request_body = CreateWebhookRequest,
    responses(
        (status = 201, description = "The webhook; its secret is shown once", body = WebhookResponse, headers(("Location" = String, description = "The path of what was made"))),
    ),
    extensions(("x-problems" = json!(["session_needed", "room_not_found", "not_a_member", "not_allowed", "invalid_webhook_url", "invalid_event_types"]))),
)]
pub(crate) async fn create_webhook(
    state: web::Data<WebState>,
    identity: Identity,
    Json(request): Json<CreateWebhookRequest>,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    let secret = WebhookSecret::generate();
    let new = NewWebhook {
        url: WebhookUrl::parse(&request.url)?,
        secret: secret.expose().to_owned(),
        room_id: request.room_id,
        event_types: EventKind::parse_list(&request.events)?,
    };
    let webhook = state.store.create_webhook(identity.user_id(), new).await?;
    let location = format!("/api/v1/webhooks/{}", webhook.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(WebhookResponse::new(&webhook, Some(&secret))))
}

/// `DELETE /webhooks/{id}`: with its log.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "Webhooks",
    params(("id" = WebhookId, Path)),
    responses(
        (status = 204, description = "The webhook and its log are gone"),
    ),
    extensions(("x-problems" = json!(["webhook_not_found"]))),
)]
pub(crate) async fn delete_webhook(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<WebhookId>,
) -> Result<HttpResponse, ApiError> {
    state.store.delete_webhook(identity.user_id(), *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
