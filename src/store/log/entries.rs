//! Reading a room's log: entries, each with the messages, people and documents that it is about.

use diesel::prelude::*;

use crate::domain::{Document, EventKind, Message, Room, RoomEvent, Seq, Subject, SubjectKind, Timestamp, UserRef};
use crate::store::StoreError;
use crate::store::documents::rows::documents_by_id;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::damaged;
use crate::store::engine::schema::{events, messages};
use crate::store::messages::load::{MessageRow, complete};
use crate::store::people::rows::{AuthorRow, authors_by_id};

use super::rows::{EventRow, ReactionData, RoomData};

/// The entries of `room` after `after`, in order, at most `limit`. Messages, documents and names are the present ones,
/// not those of the time of the entry.
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
    let (mut events, mut message_rows) = (Vec::with_capacity(rows.len()), Vec::new());
    for (event, message) in rows {
        events.push((event, message.is_some()));
        if let Some(message) = message {
            let author = person(&people, message.author_id);
            let author = author.ok_or_else(|| damaged("messages", message.id, "author_id"))?;
            message_rows.push((message, author));
        }
    }
    let mut messages = complete(connection, message_rows)?.into_iter();
    let entry_of = |(event, has_message): (EventRow, bool)| {
        let message = if has_message { messages.next() } else { None };
        entry(room, &people, &documents, event, message)
    };
    events.into_iter().map(entry_of).collect()
}

fn person(people: &[AuthorRow], id: i64) -> Option<AuthorRow> {
    let position = people.binary_search_by_key(&id, |person| person.id).ok()?;
    Some(people[position].clone())
}

fn entry(
    room: &Room,
    people: &[AuthorRow],
    documents: &[Document],
    event: EventRow,
    message: Option<Message>,
) -> Result<RoomEvent, StoreError> {
    let broken = |column| damaged("events", event.seq, column);
    let person = |id: i64| person(people, id).map(UserRef::from).ok_or_else(|| broken("actor_id"));
    let seq = Seq(event.seq);
    let room_then = || {
        let data: Option<RoomData> = event.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
        Ok::<_, StoreError>(data.ok_or_else(|| broken("data"))?.restore(room, seq))
    };
    let message = || message.map(Box::new).ok_or_else(|| broken("message_id"));
    let member = || person(event.member_id.ok_or_else(|| broken("member_id"))?);
    let document = || {
        let id = event.document_id.ok_or_else(|| broken("document_id"))?;
        let position = documents.binary_search_by_key(&id, |document| document.id.0);
        Ok::<_, StoreError>(Box::new(documents[position.map_err(|_| broken("document_id"))?].clone()))
    };
    let reaction = || {
        let data: Option<ReactionData> = event.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
        Ok::<_, StoreError>(data.ok_or_else(|| broken("data"))?.of_user(person(event.actor_id)?))
    };
    let kind = EventKind::from_name(&event.kind).ok_or_else(|| broken("kind"))?;
    let subject = match kind.subject() {
        SubjectKind::Room => Subject::Room(room_then()?),
        SubjectKind::Message => Subject::Message(message()?),
        SubjectKind::Member => Subject::Member(member()?),
        SubjectKind::Document => Subject::Document(document()?),
        SubjectKind::Reaction => Subject::Reaction(reaction()?),
    };
    Ok(RoomEvent {
        room_id: room.id,
        seq,
        created_at: Timestamp(event.created_at),
        actor: person(event.actor_id)?,
        kind,
        subject,
    })
}
