//! Sending a delivery: what is to be sent, and what became of it.

use diesel::prelude::*;
use thiserror::Error;

use crate::domain::{DeliveryId, Refusal, RoomEvent, RoomId, Seq, Timestamp, UserId, WebhookId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{webhook_deliveries, webhooks};
use crate::store::jobs::leases::{LeasedJob, settle};
use crate::store::jobs::task::JobOutcome;
use crate::store::log::entries::entries_after;
use crate::store::rooms::access::enter_room;
use crate::store::{Store, StoreError};

use super::delivery::{DeliveryAttempt, DeliveryStatus};

/// A delivery with what is needed to send it.
pub struct DeliveryToSend {
    /// To whom.
    pub webhook_id: WebhookId,
    /// Where.
    pub url: String,
    /// What signs it.
    pub secret: String,
    /// What is sent: the event as the room's log shows it at present.
    pub event: Result<RoomEvent, Withheld>,
}

/// Why an event is not sent after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Withheld {
    /// The webhook hears what its maker may read.
    #[error("the webhook's maker does not belong to the room any more")]
    NotAMember,
    /// It is older than the room keeps its messages.
    #[error("the event is not kept any longer")]
    Removed,
}

impl Store {
    /// What is to be sent; `None` when the webhook is gone.
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

    /// Stores what became of a delivery's job as [`Store::settle_job`] does, and with it of the delivery and of the attempt, if
    /// there was one.
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

/// Notes what became of a delivery and of the attempt, if there was one, in the transaction that settles its job.
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

/// The event as the webhook's maker may read it at present.
fn event_for(
    connection: &mut DbConnection,
    maker: UserId,
    room: RoomId,
    seq: Seq,
) -> Result<Result<RoomEvent, Withheld>, StoreError> {
    let room = match enter_room(connection, maker, room) {
        Ok(view) => view.room,
        Err(StoreError::Refused(Refusal::NotAMember) | StoreError::Refused(Refusal::RoomNotFound)) => {
            return Ok(Err(Withheld::NotAMember));
        }
        Err(error) => return Err(error),
    };
    let event = entries_after(connection, &room, Seq(seq.0 - 1), 1)?.into_iter().next();
    Ok(event.filter(|event| event.seq == seq).ok_or(Withheld::Removed))
}
