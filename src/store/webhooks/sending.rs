//! Sending a delivery: what is to be sent, and what became of it.

use diesel::prelude::*;
use thiserror::Error;

use crate::domain::{DeliveryId, Refusal, Room, RoomEvent, RoomId, Seq, Timestamp, UserId, WebhookId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{rooms, webhook_deliveries, webhooks};
use crate::store::jobs::leases::{LeasedJob, settle};
use crate::store::jobs::task::JobOutcome;
use crate::store::log::entries::entries_after;
use crate::store::rooms::access::require_membership;
use crate::store::rooms::rows::RoomRow;
use crate::store::{Store, StoreError};

use super::delivery::{DeliveryAttempt, DeliveryStatus};

/// A delivery with what is needed to send it.
pub struct DeliveryToSend {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Its URL.
    pub url: String,
    /// The secret that signs the request.
    pub secret: String,
    /// The event, with the present text of a message.
    pub event: Result<RoomEvent, Undeliverable>,
}

/// Why an event may not be sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Undeliverable {
    /// The maker of the webhook has left the room, and a webhook gets only what its maker may read.
    #[error("the webhook's maker does not belong to the room any more")]
    NotAMember,
    /// The event is older than the room keeps its messages.
    #[error("the event is not kept any longer")]
    Expired,
}

impl Store {
    /// What a delivery has to send; `None` when the webhook was deleted.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn delivery_to_send(&self, id: DeliveryId) -> Result<Option<DeliveryToSend>, StoreError> {
        self.read_snapshot(move |connection| {
            let found: Option<(i64, String, String, i64, i64, i64)> = webhook_deliveries::table
                .inner_join(webhooks::table)
                .filter(webhook_deliveries::id.eq(id.0))
                .select((
                    webhooks::id,
                    webhooks::url,
                    webhooks::secret,
                    webhooks::created_by,
                    webhook_deliveries::room_id,
                    webhook_deliveries::seq,
                ))
                .first(connection)
                .optional()?;
            let Some((webhook, url, secret, maker, room, seq)) = found else { return Ok(None) };
            let event = event_for(connection, UserId(maker), RoomId(room), Seq(seq))?;
            Ok(Some(DeliveryToSend { webhook_id: WebhookId(webhook), url, secret, event }))
        })
        .await
    }

    /// Stores what became of a delivery's job as [`Store::settle_job`] does, and in the same transaction the status of
    /// the delivery and the attempt, if there was one.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn settle_delivery(
        &self,
        delivery: DeliveryId,
        job: LeasedJob,
        outcome: JobOutcome,
        retry_at: Timestamp,
        attempt: Option<DeliveryAttempt>,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let is_held = settle(connection, &job, &outcome, retry_at)?;
            if is_held {
                record(connection, delivery, &outcome, attempt.as_ref())?;
            }
            Ok(is_held)
        })
        .await
    }
}

/// Stores the status of a delivery and the attempt, if there was one.
fn record(
    connection: &mut DbConnection,
    id: DeliveryId,
    outcome: &JobOutcome,
    attempt: Option<&DeliveryAttempt>,
) -> QueryResult<()> {
    let now = Timestamp::now().0;
    let (status, error, delivered_at) = match outcome {
        JobOutcome::Done | JobOutcome::Again(_) => (DeliveryStatus::Delivered, None, Some(now)),
        JobOutcome::Failed(error) => (DeliveryStatus::Pending, Some(error), None),
        JobOutcome::Permanent(error) => (DeliveryStatus::Failed, Some(error), None),
    };
    diesel::update(webhook_deliveries::table.find(id.0))
        .set((
            webhook_deliveries::status.eq(status.name()),
            webhook_deliveries::error.eq(error),
            webhook_deliveries::delivered_at.eq(delivered_at),
        ))
        .execute(connection)?;
    let Some(attempt) = attempt else { return Ok(()) };
    let (answer_status, answer_body) = attempt.answer.clone().unzip();
    diesel::update(webhook_deliveries::table.find(id.0))
        .set((
            webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
            webhook_deliveries::answer_status.eq(answer_status.map(i64::from)),
            webhook_deliveries::answer_body.eq(answer_body),
            webhook_deliveries::attempted_at.eq(attempt.at.0),
        ))
        .execute(connection)
        .map(drop)
}

/// The event, if the webhook's maker may read it.
fn event_for(
    connection: &mut DbConnection,
    maker: UserId,
    room: RoomId,
    seq: Seq,
) -> Result<Result<RoomEvent, Undeliverable>, StoreError> {
    let room = match require_membership(connection, maker, room) {
        Ok(view) => view.room,

        Err(StoreError::Refused(Refusal::NotAMember) | StoreError::Refused(Refusal::RoomNotFound)) => {
            match deleted_room(connection, room, seq)? {
                Some(room) => room,
                None => return Ok(Err(Undeliverable::NotAMember)),
            }
        }
        Err(error) => return Err(error),
    };
    let event = entries_after(connection, &room, Seq(seq.0 - 1), 1)?.into_iter().next();
    Ok(event.filter(|event| event.seq == seq).ok_or(Undeliverable::Expired))
}

/// The room, if it was deleted and `seq` is the entry that says so: whoever was a member until then may know that.
fn deleted_room(connection: &mut DbConnection, room: RoomId, seq: Seq) -> Result<Option<Room>, StoreError> {
    let deleted = rooms::table.find(room.0).filter(rooms::deleted_at.is_not_null().and(rooms::last_seq.eq(seq.0)));
    let row: Option<RoomRow> = deleted.select(RoomRow::as_select()).first(connection).optional()?;
    row.map(Room::try_from).transpose()
}
