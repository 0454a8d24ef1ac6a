//! Writing a room's log: one entry for each durable change, in the change's own transaction.

use diesel::prelude::*;

use crate::domain::{RoomEvent, RoomId, Seq, Subject};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{events, rooms};
use crate::store::engine::statement::execute;
use crate::store::webhooks::enqueue::enqueue;

use super::rows::{ReactionData, RoomData};

/// Increments a room's `last_seq` and returns it. The room must be locked.
pub(in crate::store) fn next_seq(connection: &mut DbConnection, room: RoomId) -> QueryResult<Seq> {
    let seq = diesel::update(rooms::table.find(room.0))
        .set(rooms::last_seq.eq(rooms::last_seq + 1))
        .returning(rooms::last_seq)
        .get_result(connection)?;
    Ok(Seq(seq))
}

/// Writes an entry, whose `seq` comes from [`next_seq`], and queues the calls of webhooks for it.
pub(in crate::store) fn append(connection: &mut DbConnection, event: &RoomEvent) -> Result<(), StoreError> {
    let (mut message_id, mut member_id, mut document_id, mut data) = (None, None, None, None);
    match &event.subject {
        Subject::Room(room) => data = Some(RoomData::of(room).to_json()?),
        Subject::Message(message) => message_id = Some(message.id.0),
        Subject::Member(member) => member_id = Some(member.id.0),
        Subject::Document(document) => document_id = Some(document.id.0),
        Subject::Reaction(reaction) => data = Some(ReactionData::of(reaction).to_json()?),
    }
    // One text of SQL whatever the event: Diesel keeps it prepared.
    let entry = diesel::insert_into(events::table).values((
        events::room_id.eq(event.room_id.0),
        events::seq.eq(event.seq.0),
        events::kind.eq(event.kind.name()),
        events::actor_id.eq(event.actor.id.0),
        events::message_id.eq(message_id),
        events::member_id.eq(member_id),
        events::data.eq(data),
        events::created_at.eq(event.created_at.0),
        events::document_id.eq(document_id),
    ));
    execute(connection, &entry)?;
    enqueue(connection, event.room_id, event.seq, event.kind.name(), event.created_at)?;
    Ok(())
}
