//! A delivery: one event for one webhook, and the record of its attempts.

use diesel::prelude::*;
use utoipa::ToSchema;

use crate::domain::{DeliveryId, EventKind, RoomId, Seq, Timestamp, WebhookId};
use crate::store::StoreError;
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::error::damaged;
use crate::store::engine::schema::webhook_deliveries;

/// The status of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It is to be sent, or sent again.
    Pending,
    /// The webhook accepted it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// The status' name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.name() == name)
    }
}

/// An entry of a webhook's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The room of the event.
    pub room_id: RoomId,
    /// The event's place in the room's log.
    pub seq: Seq,
    /// What kind of event.
    pub event_type: EventKind,
    /// Its status.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: i64,
    /// The last attempt; `None` before the first.
    pub last_attempt: Option<DeliveryAttempt>,
    /// Why it is not delivered yet, or was given up.
    pub error: Option<String>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When the webhook accepted it.
    pub delivered_at: Option<Timestamp>,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: Timestamp,
    /// What the webhook answered: the status, and how its text begins. `None` when it did not.
    pub answer: Option<(u16, String)>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries, check_for_backend(MultiBackend))]
pub(super) struct DeliveryRow {
    id: i64,
    webhook_id: i64,
    room_id: i64,
    seq: i64,
    event_type: String,
    status: String,
    attempts: i64,
    answer_status: Option<i64>,
    answer_body: Option<String>,
    error: Option<String>,
    created_at: i64,
    attempted_at: Option<i64>,
    delivered_at: Option<i64>,
}

impl TryFrom<DeliveryRow> for WebhookDelivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let broken = |column| damaged("webhook_deliveries", row.id, column);
        let answer_status = row.answer_status.and_then(|status| u16::try_from(status).ok());
        let answer = answer_status.zip(row.answer_body);
        Ok(Self {
            id: DeliveryId(row.id),
            webhook_id: WebhookId(row.webhook_id),
            room_id: RoomId(row.room_id),
            seq: Seq(row.seq),
            event_type: EventKind::from_name(&row.event_type).ok_or_else(|| broken("event_type"))?,
            status: DeliveryStatus::from_name(&row.status).ok_or_else(|| broken("status"))?,
            attempts: row.attempts,
            last_attempt: row.attempted_at.map(|at| DeliveryAttempt { at: Timestamp(at), answer }),
            error: row.error,
            created_at: Timestamp(row.created_at),
            delivered_at: row.delivered_at.map(Timestamp),
        })
    }
}
