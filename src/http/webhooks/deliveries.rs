//! The log of a webhook: what was sent, what came back, and "send again".

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{DeliveryId, EventKind, RoomId, Seq, Timestamp, WebhookId};
use crate::store::{DeliveryStatus, WebhookDelivery};

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryResponse<'a> {
    id: DeliveryId,
    webhook_id: WebhookId,
    r#type: EventKind,
    room_id: RoomId,
    seq: Seq,
    #[schema(value_type = DeliveryStatus)]
    status: &'static str,
    attempts: i64,
    /// What the last attempt brought; null when nothing was answered.
    #[schema(required)]
    answer: Option<AnswerResponse<'a>>,
    /// Why it is not delivered yet, or was given up.
    #[schema(required)]
    error: Option<&'a str>,
    created_at: Timestamp,
    #[schema(required)]
    attempted_at: Option<Timestamp>,
    #[schema(required)]
    delivered_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryAnswer)]
struct AnswerResponse<'a> {
    status: u16,
    /// The first kilobyte.
    body: &'a str,
}

impl<'a> From<&'a WebhookDelivery> for DeliveryResponse<'a> {
    fn from(delivery: &'a WebhookDelivery) -> Self {
        let last = delivery.last_attempt.as_ref();
        let answer = last.and_then(|attempt| attempt.answer.as_ref());
        Self {
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            r#type: delivery.event_type,
            room_id: delivery.room_id,
            seq: delivery.seq,
            status: delivery.status.name(),
            attempts: delivery.attempts,
            answer: answer.map(|(status, body)| AnswerResponse { status: *status, body }),
            error: delivery.error.as_deref(),
            created_at: delivery.created_at,
            attempted_at: last.map(|attempt| attempt.at),
            delivered_at: delivery.delivered_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveriesQuery {
    /// Only those before this one.
    before: Option<DeliveryId>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
struct DeliveriesResponse<'a> {
    items: Vec<DeliveryResponse<'a>>,
    /// The path of the older page.
    #[schema(required)]
    next: Option<String>,
}

/// `GET /webhooks/{id}/deliveries`: the newest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "Webhooks",
    params(("id" = WebhookId, Path), DeliveriesQuery),
    responses(
        (status = 200, description = "What was sent, the newest first", body = DeliveriesResponse),
    ),
    extensions(("x-problems" = json!(["webhook_not_found", "invalid_limit"]))),
)]
pub(crate) async fn list_deliveries(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<WebhookId>,
    query: web::Query<DeliveriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, 50, 200)?;
    // One more than wanted says whether there is an older page.
    let mut deliveries = state.store.deliveries(identity.user_id(), *id, query.before, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = deliveries.len() > wanted;
    deliveries.truncate(wanted);
    let last = deliveries.last().filter(|_| has_more);
    let next = last.map(|last| format!("/api/v1/webhooks/{id}/deliveries?before={}&limit={limit}", last.id));
    Ok(HttpResponse::Ok().json(DeliveriesResponse { items: deliveries.iter().map(Into::into).collect(), next }))
}

/// `POST /webhooks/{id}/deliveries/{delivery}/retry`: sends it again, whatever became of it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/retry", tag = "Webhooks",
    params(("id" = WebhookId, Path), ("delivery" = DeliveryId, Path)),
    responses(
        (status = 202, description = "It is sent again", body = DeliveryResponse),
    ),
    extensions(("x-problems" = json!(["webhook_not_found", "delivery_not_found"]))),
)]
pub(crate) async fn retry_delivery(
    state: web::Data<WebState>,
    identity: Identity,
    path: web::Path<(WebhookId, DeliveryId)>,
) -> Result<HttpResponse, ApiError> {
    let (webhook, id) = path.into_inner();
    let delivery = state.store.retry_delivery(identity.user_id(), webhook, id).await?;
    Ok(HttpResponse::Accepted().json(DeliveryResponse::from(&delivery)))
}
