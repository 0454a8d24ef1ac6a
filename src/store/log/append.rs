//! The room's log: one entry for each durable change, written in the change's own transaction.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::{Author, Document, Message, Room, RoomEvent, RoomEventKind, RoomId, Seq, Timestamp};

use crate::store::StoreError;
use crate::store::documents::documents_by_id;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::rows::{AuthorRow, EventRow, MessageRow, damaged};
use crate::store::engine::schema::{events, messages, rooms};
use crate::store::engine::statement::execute;
use crate::store::files::attach_files;
use crate::store::people::users::authors_by_id;
use crate::store::webhooks::deliveries;

/// Takes the next place in the log of a room, which must be locked.
pub(in crate::store) fn next_seq(connection: &mut DbConnection, room: RoomId) -> QueryResult<Seq> {
    let seq = diesel::update(rooms::table.find(room.0))
        .set(rooms::last_seq.eq(rooms::last_seq + 1))
        .returning(rooms::last_seq)
        .get_result(connection)?;
    Ok(Seq(seq))
}

/// Writes an entry at the place that was taken for it, and what webhooks are to be told of it.
pub(in crate::store) fn append(connection: &mut DbConnection, event: &RoomEvent) -> Result<(), StoreError> {
    let (mut message_id, mut member_id, mut document_id, mut data) = (None, None, None, None);
    match &event.kind {
        RoomEventKind::RoomCreated(room) | RoomEventKind::RoomChanged(room) => {
            data = Some(RoomData::of(room).to_json()?);
        }
        RoomEventKind::MessagePosted(message)
        | RoomEventKind::MessageEdited(message)
        | RoomEventKind::MessageDeleted(message) => message_id = Some(message.id.0),
        RoomEventKind::MemberJoined(member) | RoomEventKind::MemberRemoved(member) => member_id = Some(member.id.0),
        RoomEventKind::DocumentCreated(document) | RoomEventKind::DocumentChanged(document) => {
            document_id = Some(document.id.0);
        }
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
    deliveries::enqueue(connection, event.room_id, event.seq, event.kind.name(), event.created_at)?;
    Ok(())
}

/// The part of a room that an event must remember because it changes later.
#[derive(Debug, Serialize, Deserialize)]
struct RoomData {
    name: String,
    topic: String,
    message_count: i64,
}

impl RoomData {
    fn of(room: &Room) -> Self {
        Self { name: room.name.clone(), topic: room.topic.clone(), message_count: room.message_count }
    }

    fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// The room as it was at `seq`.
    fn restore(self, room: &Room, seq: Seq) -> Room {
        let Self { name, topic, message_count } = self;
        Room { name, topic, message_count, last_seq: seq, ..room.clone() }
    }
}

/// The entries of `room` after `after`, in order, at most `limit`. Messages, documents and names are as they are at present.
pub(in crate::store) fn entries_after(
    connection: &mut DbConnection,
    room: &Room,
    after: Seq,
    limit: i64,
) -> Result<Vec<RoomEvent>, StoreError> {
    let rows: Vec<(EventRow, Option<MessageRow>)> = events::table
        .left_join(messages::table)
        .filter(events::room_id.eq(room.id.0).and(events::seq.gt(after.0)))
        .order(events::seq)
        .limit(limit)
        .select((EventRow::as_select(), Option::<MessageRow>::as_select()))
        .load(connection)?;
    let people = rows.iter().flat_map(|(event, message)| {
        [Some(event.actor_id), event.member_id, message.as_ref().map(|message| message.author_id)].into_iter().flatten()
    });
    let people = authors_by_id(connection, people.collect())?;
    let documents = documents_by_id(connection, rows.iter().filter_map(|(event, _)| event.document_id).collect())?;
    let entries = rows.into_iter().map(|(event, message)| entry(room, &people, &documents, event, message));
    let mut entries = entries.collect::<Result<Vec<_>, StoreError>>()?;
    attach_files(connection, entries.iter_mut().filter_map(message_of))?;
    Ok(entries)
}

fn message_of(event: &mut RoomEvent) -> Option<&mut Message> {
    match &mut event.kind {
        RoomEventKind::MessagePosted(message)
        | RoomEventKind::MessageEdited(message)
        | RoomEventKind::MessageDeleted(message) => Some(message),
        RoomEventKind::RoomCreated(_)
        | RoomEventKind::RoomChanged(_)
        | RoomEventKind::MemberJoined(_)
        | RoomEventKind::MemberRemoved(_)
        | RoomEventKind::DocumentCreated(_)
        | RoomEventKind::DocumentChanged(_) => None,
    }
}

fn entry(
    room: &Room,
    people: &[AuthorRow],
    documents: &[Document],
    event: EventRow,
    message: Option<MessageRow>,
) -> Result<RoomEvent, StoreError> {
    let broken = |column| damaged("events", event.seq, column);
    let person = |id: i64| -> Result<Author, StoreError> {
        let position = people.binary_search_by_key(&id, |person| person.id).map_err(|_| broken("actor_id"))?;
        Ok(people[position].clone().into())
    };
    let seq = Seq(event.seq);
    let room_then = || {
        let data: Option<RoomData> = event.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
        Ok::<_, StoreError>(data.ok_or_else(|| broken("data"))?.restore(room, seq))
    };
    let message = || {
        let message = message.ok_or_else(|| broken("message_id"))?;
        let author = person(message.author_id)?;
        Ok::<_, StoreError>(Box::new(message.by(author)))
    };
    let member = || person(event.member_id.ok_or_else(|| broken("member_id"))?);
    let document = || {
        let id = event.document_id.ok_or_else(|| broken("document_id"))?;
        let position = documents.binary_search_by_key(&id, |document| document.id.0);
        Ok::<_, StoreError>(Box::new(documents[position.map_err(|_| broken("document_id"))?].clone()))
    };
    let kind = match event.kind.as_str() {
        "room.created" => RoomEventKind::RoomCreated(room_then()?),
        "room.changed" => RoomEventKind::RoomChanged(room_then()?),
        "message.posted" => RoomEventKind::MessagePosted(message()?),
        "message.edited" => RoomEventKind::MessageEdited(message()?),
        "message.deleted" => RoomEventKind::MessageDeleted(message()?),
        "member.joined" => RoomEventKind::MemberJoined(member()?),
        "member.removed" => RoomEventKind::MemberRemoved(member()?),
        "document.created" => RoomEventKind::DocumentCreated(document()?),
        "document.changed" => RoomEventKind::DocumentChanged(document()?),
        _ => return Err(broken("kind")),
    };
    Ok(RoomEvent {
        room_id: room.id,
        seq,
        created_at: Timestamp(event.created_at),
        actor: person(event.actor_id)?,
        kind,
    })
}
