//! Queueing deliveries, in the transaction that writes an event.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{DeliveryId, EventKind, RoomId, Seq, Timestamp, webhook_host};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::webhook_deliveries;
use crate::store::engine::statement::statement;
use crate::store::jobs::queue;
use crate::store::jobs::task::Task;

use super::delivery::DeliveryStatus;

/// Writes a delivery, and the job that sends it, for every webhook that is to be called for an event; part of the
/// transaction that writes the event.
pub(in crate::store) fn enqueue(
    connection: &mut DbConnection,
    room: RoomId,
    seq: Seq,
    event_type: &'static str,
    at: Timestamp,
) -> QueryResult<()> {
    for (webhook, url) in (FindWebhooksForEvent { event_type, room_id: room.0 }).load::<(i64, String)>(connection)? {
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
    /// The webhooks that are to be called for an event: of its type and room, and whose maker is a member.
    FindWebhooksForEvent { event_type: &'static str => Text, room_id: i64 => BigInt } -> (BigInt, Text):
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
            places.try_for_each(|(room, seq)| enqueue(connection, room, seq, EventKind::MessagePosted.name(), at))
        }
        DbConnection::Postgres(postgres) => enqueue_posted_in_postgres(postgres, places, at),
    }
}

/// With one statement for all of them.
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
    /// Inserts a delivery for every webhook that is to be called for a post; returns their ids and URLs.
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
