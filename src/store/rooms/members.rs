//! Who belongs to a room, and how far each has read.

use diesel::prelude::*;

use crate::domain::{Author, DocumentId, Refusal, Room, RoomEvent, RoomEventKind, RoomId, Timestamp, UserId};

use crate::store::documents::rows::document_ids_of_room;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, users};
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::AuthorRow;
use crate::store::people::rows::{actor, find_user};
use crate::store::rooms::access::{enter_room, lock_room, see_room};
use crate::store::{Store, StoreError};

/// Somebody who belongs to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub author: Author,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Somebody was taken out of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// What happened, to be dispatched.
    pub event: RoomEvent,
    /// The room's documents, which the person may not write any more.
    pub document_ids: Vec<DocumentId>,
}

impl Store {
    /// Who belongs to a room, in the order of their names.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn members(&self, viewer: UserId, room: RoomId) -> Result<Vec<Member>, StoreError> {
        self.read_snapshot(move |connection| {
            enter_room(connection, viewer, room)?;
            members_of(connection, room)
        })
        .await
    }

    /// Invites somebody into a room; any member may. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`] when the actor is none, [`Refusal::UserNotFound`].
    pub async fn add_member(
        &self,
        actor: UserId,
        room: RoomId,
        user: UserId,
    ) -> Result<(Vec<Member>, Option<RoomEvent>), StoreError> {
        self.write(move |connection| invite(connection, actor, room, user)).await
    }

    /// Takes somebody out of a room. Everybody may leave; only the room's maker and administrators may remove others.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`] when `user` is none, [`Refusal::NotAllowed`].
    pub async fn remove_member(&self, actor: UserId, room: RoomId, user: UserId) -> Result<Removal, StoreError> {
        self.write(move |connection| remove(connection, actor, room, user)).await
    }

    /// Notes that a person has read up to a message's number. It never goes backwards, nor beyond the last message.
    /// Answers the new number when it moved.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn mark_read(&self, user: UserId, room: RoomId, number: i64) -> Result<Option<i64>, StoreError> {
        self.write(move |connection| {
            let number = number.min(enter_room(connection, user, room)?.room.message_count);
            let place = memberships::table.find((room.0, user.0)).filter(memberships::read_number.lt(number));
            let moved = diesel::update(place).set(memberships::read_number.eq(number)).execute(connection)?;
            Ok((moved > 0).then_some(number))
        })
        .await
    }

    /// Whether a person belongs to a room; `false` when there is no such room.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_member(&self, user: UserId, room: RoomId) -> Result<bool, StoreError> {
        self.read(move |connection| Ok(is_member(connection, room, user)?)).await
    }
}

fn members_of(connection: &mut DbConnection, room: RoomId) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<(AuthorRow, i64)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::room_id.eq(room.0))
        .order((users::folded_name, users::id))
        .select((AuthorRow::as_select(), memberships::joined_at))
        .load(connection)?;
    let member =
        |(author, joined_at): (AuthorRow, i64)| Member { author: author.into(), joined_at: Timestamp(joined_at) };
    Ok(rows.into_iter().map(member).collect())
}

fn is_member(connection: &mut DbConnection, room: RoomId, user: UserId) -> QueryResult<bool> {
    let place = memberships::table.find((room.0, user.0)).select(memberships::user_id);
    place.first::<i64>(connection).optional().map(|place| place.is_some())
}

fn invite(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    user: UserId,
) -> Result<(Vec<Member>, Option<RoomEvent>), StoreError> {
    lock_room(connection, room)?;
    let view = enter_room(connection, by, room)?;
    let inviter = Author::from(&actor(connection, by)?);
    let person = find_user(connection, user)?.ok_or(StoreError::Refused(Refusal::UserNotFound))?;
    let event = if is_member(connection, room, user)? {
        None
    } else {
        Some(admit(connection, &view.room, &inviter, Author::from(&person), Timestamp::now())?)
    };
    Ok((members_of(connection, room)?, event))
}

/// Makes somebody a member of a room, which must be locked. What was posted before counts as read.
pub(in crate::store) fn admit(
    connection: &mut DbConnection,
    room: &Room,
    actor: &Author,
    person: Author,
    at: Timestamp,
) -> Result<RoomEvent, StoreError> {
    let seq = next_seq(connection, room.id)?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::room_id.eq(room.id.0),
            memberships::user_id.eq(person.id.0),
            memberships::read_number.eq(room.message_count),
            memberships::joined_seq.eq(seq.0),
            memberships::joined_at.eq(at.0),
        ))
        .execute(connection)?;
    let kind = RoomEventKind::MemberJoined(person);
    let event = RoomEvent { room_id: room.id, seq, created_at: at, actor: actor.clone(), kind };
    append(connection, &event)?;
    Ok(event)
}

fn remove(connection: &mut DbConnection, by: UserId, room: RoomId, user: UserId) -> Result<Removal, StoreError> {
    lock_room(connection, room)?;
    let view = see_room(connection, by, room)?;
    let remover = actor(connection, by)?;
    if by != user && !view.is_run_by(&remover) {
        return Err(StoreError::Refused(Refusal::NotAllowed));
    }
    if !is_member(connection, room, user)? {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    let person = Author::from(&actor(connection, user)?);
    diesel::delete(memberships::table.find((room.0, user.0))).execute(connection)?;
    let event = RoomEvent {
        room_id: room,
        seq: next_seq(connection, room)?,
        created_at: Timestamp::now(),
        actor: Author::from(&remover),
        kind: RoomEventKind::MemberRemoved(person),
    };
    append(connection, &event)?;
    Ok(Removal { event, document_ids: document_ids_of_room(connection, room)? })
}
