//! Deliveries: each is one event on its way to one webhook, and afterwards the log of what became of it.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use thiserror::Error;

use crate::domain::{DeliveryId, EventType, RoomEvent, RoomId, Seq, Timestamp, UserId, WebhookId, webhook_host};

use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::rows::damaged;
use crate::store::engine::schema::{webhook_deliveries, webhooks};
use crate::store::engine::statement::statement;
use crate::store::jobs::queue::{self, JobOutcome, Task};
use crate::store::log::append::entries_after;
use crate::store::rooms::access::enter_room;
use crate::store::webhooks::webhook::see_webhook;
use crate::store::{Store, StoreError};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.name() == name)
    }
}

/// An entry of a webhook's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery.
    pub id: DeliveryId,
    /// To whom.
    pub webhook_id: WebhookId,
    /// The room of the event.
    pub room_id: RoomId,
    /// The event's place in the room's log.
    pub seq: Seq,
    /// What kind of event.
    pub event_type: EventType,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: i64,
    /// What the last attempt brought; `None` before the first.
    pub last_attempt: Option<DeliveryAttempt>,
    /// Why it is not delivered yet, or was given up.
    pub error: Option<String>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When the webhook accepted it.
    pub delivered_at: Option<Timestamp>,
}

/// One try to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: Timestamp,
    /// What the webhook answered: the status, and how its text begins. `None` when it did not.
    pub answer: Option<(u16, String)>,
}

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
    /// The log of a webhook, the newest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`], also when it is somebody else's.
    pub async fn deliveries(
        &self,
        viewer: UserId,
        webhook: WebhookId,
        before: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read_snapshot(move |connection| {
            see_webhook(connection, viewer, webhook)?;
            let before = before.map_or(i64::MAX, |id| id.0);
            let rows: Vec<DeliveryRow> = webhook_deliveries::table
                .filter(webhook_deliveries::webhook_id.eq(webhook.0).and(webhook_deliveries::id.lt(before)))
                .order(webhook_deliveries::id.desc())
                .limit(limit)
                .select(DeliveryRow::as_select())
                .load(connection)?;
            rows.into_iter().map(Delivery::try_from).collect()
        })
        .await
    }

    /// Has a delivery sent again, whatever became of it.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`], [`StoreError::DeliveryNotFound`].
    pub async fn retry_delivery(&self, by: UserId, webhook: WebhookId, id: DeliveryId) -> Result<Delivery, StoreError> {
        self.write(move |connection| {
            let url = see_webhook(connection, by, webhook)?;
            let of_webhook = webhook_deliveries::table.find(id.0).filter(webhook_deliveries::webhook_id.eq(webhook.0));
            let row: Option<DeliveryRow> = of_webhook.select(DeliveryRow::as_select()).first(connection).optional()?;
            let mut delivery = Delivery::try_from(row.ok_or(StoreError::DeliveryNotFound)?)?;
            delivery.status = DeliveryStatus::Pending;
            diesel::update(webhook_deliveries::table.find(id.0))
                .set(webhook_deliveries::status.eq(delivery.status.name()))
                .execute(connection)?;
            queue::hasten(connection, Task::Deliver(id), webhook_host(&url))?;
            Ok(delivery)
        })
        .await
    }

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
}

/// Writes a delivery, and the job that sends it, for every webhook that wants to hear of an event; called where the event
/// itself is written.
pub(in crate::store) fn enqueue(
    connection: &mut DbConnection,
    room: RoomId,
    seq: Seq,
    event_type: &'static str,
    at: Timestamp,
) -> QueryResult<()> {
    for (webhook, url) in (FindListeners { event_type, room_id: room.0 }).load::<(i64, String)>(connection)? {
        let id: i64 = diesel::insert_into(webhook_deliveries::table)
            .values((
                webhook_deliveries::webhook_id.eq(webhook),
                webhook_deliveries::room_id.eq(room.0),
                webhook_deliveries::seq.eq(seq.0),
                webhook_deliveries::event_type.eq(event_type),
                webhook_deliveries::status.eq(DeliveryStatus::Pending.name()),
                webhook_deliveries::attempts.eq(0),
                webhook_deliveries::created_at.eq(at.0),
            ))
            .returning(webhook_deliveries::id)
            .get_result(connection)?;
        queue::enqueue(connection, Task::Deliver(DeliveryId(id)), webhook_host(&url), at)?;
    }
    Ok(())
}

statement! {
    /// The webhooks that want to hear of an event, and whose maker may.
    FindListeners { event_type: &'static str => Text, room_id: i64 => BigInt } -> (BigInt, Text):
    "SELECT webhooks.id, webhooks.url FROM webhook_event_types \
     INNER JOIN webhooks ON webhooks.id = webhook_event_types.webhook_id \
     WHERE webhook_event_types.event_type = ", event_type,
    " AND (webhooks.room_id IS NULL OR webhooks.room_id = ", room_id,
    ") AND EXISTS (SELECT 1 FROM memberships WHERE memberships.room_id = ", room_id,
    " AND memberships.user_id = webhooks.created_by) ORDER BY webhooks.id"
}

/// The same for messages that were posted together.
pub(in crate::store) fn enqueue_posted(
    connection: &mut DbConnection,
    mut places: impl Iterator<Item = (RoomId, Seq)>,
    at: Timestamp,
) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(_) => {
            places.try_for_each(|(room, seq)| enqueue(connection, room, seq, "message.posted", at))
        }
        DbConnection::Postgres(postgres) => enqueue_posted_in_postgres(postgres, places, at),
    }
}

/// It asks once for all of them.
fn enqueue_posted_in_postgres(
    connection: &mut PgConnection,
    places: impl Iterator<Item = (RoomId, Seq)>,
    at: Timestamp,
) -> QueryResult<()> {
    let (room_ids, seqs) = places.map(|(room, seq)| (room.0, seq.0)).unzip();
    let insert = InsertDeliveriesOfPosts { room_ids, seqs, created_at: at.0 };
    let deliveries: Vec<(i64, String)> = insert.load(connection)?;
    if deliveries.is_empty() {
        return Ok(());
    }
    let tasks = deliveries.iter().map(|(id, url)| (Task::Deliver(DeliveryId(*id)), webhook_host(url)));
    queue::enqueue_batch(connection, tasks, at)
}

statement! {
    /// A delivery for every webhook that wants to hear of posts; answers the URLs beside them.
    InsertDeliveriesOfPosts {
        room_ids: Vec<i64> => Array<BigInt>,
        seqs: Vec<i64> => Array<BigInt>,
        created_at: i64 => BigInt,
    } -> (BigInt, Text):
    "WITH delivery AS (INSERT INTO webhook_deliveries (webhook_id, room_id, seq, event_type, status, attempts, created_at) \
     SELECT webhooks.id, post.room_id, post.seq, webhook_event_types.event_type, 'pending', 0, ", created_at,
    " FROM webhook_event_types INNER JOIN webhooks ON webhooks.id = webhook_event_types.webhook_id \
     CROSS JOIN unnest(", room_ids, ", ", seqs, ") WITH ORDINALITY AS post (room_id, seq, position) \
     WHERE webhook_event_types.event_type = 'message.posted' \
     AND (webhooks.room_id IS NULL OR webhooks.room_id = post.room_id) \
     AND EXISTS (SELECT 1 FROM memberships WHERE memberships.room_id = post.room_id \
     AND memberships.user_id = webhooks.created_by) ORDER BY post.position, webhooks.id RETURNING id, webhook_id) \
     SELECT delivery.id, webhooks.url FROM delivery INNER JOIN webhooks ON webhooks.id = delivery.webhook_id \
     ORDER BY delivery.id"
}

/// Notes what became of a delivery and of the attempt, if there was one, in the transaction that settles its job.
pub(in crate::store) fn record(
    connection: &mut DbConnection,
    id: DeliveryId,
    outcome: &JobOutcome,
    attempt: Option<&DeliveryAttempt>,
) -> QueryResult<()> {
    let now = Timestamp::now().0;
    let (status, error, delivered_at) = match outcome {
        JobOutcome::Done | JobOutcome::Again(_) => (DeliveryStatus::Delivered, None, Some(now)),
        JobOutcome::Retry { error, .. } => (DeliveryStatus::Pending, Some(error), None),
        JobOutcome::Dead { error } => (DeliveryStatus::Failed, Some(error), None),
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
        Err(StoreError::NotAMember | StoreError::RoomNotFound) => return Ok(Err(Withheld::NotAMember)),
        Err(error) => return Err(error),
    };
    let event = entries_after(connection, &room, Seq(seq.0 - 1), 1)?.into_iter().next();
    Ok(event.filter(|event| event.seq == seq).ok_or(Withheld::Removed))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries, check_for_backend(MultiBackend))]
struct DeliveryRow {
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

impl TryFrom<DeliveryRow> for Delivery {
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
            event_type: EventType::from_name(&row.event_type).ok_or_else(|| broken("event_type"))?,
            status: DeliveryStatus::from_name(&row.status).ok_or_else(|| broken("status"))?,
            attempts: row.attempts,
            last_attempt: row.attempted_at.map(|at| DeliveryAttempt { at: Timestamp(at), answer }),
            error: row.error,
            created_at: Timestamp(row.created_at),
            delivered_at: row.delivered_at.map(Timestamp),
        })
    }
}
