//! Members of rooms, and their read marks.

use diesel::prelude::*;

use crate::domain::{
    AuditAction, DocumentId, EventKind, ReadMark, Refusal, Room, RoomEvent, RoomId, RoomKind, Subject, Timestamp,
    UserId, UserRef,
};
use crate::store::documents::rows::document_ids_of_room;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms, users};
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::{AuthorRow, find_user, require_user};
use crate::store::{AuditNote, Store, StoreError};

use super::access::{lock_room, require_management, require_membership, require_writing, visible_room};
use super::record::record;
use super::unread::unread_after;

/// A member of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub author: UserRef,
    /// When the person joined.
    pub joined_at: Timestamp,
}

/// A person was removed from a room, or has left it.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRemoval {
    /// The events to be dispatched: `member.removed`, and `room.changed` when somebody else got the right to manage the room.
    pub events: Vec<RoomEvent>,
    /// The room's documents, whose channels the person is to be unsubscribed from.
    pub document_ids: Vec<DocumentId>,
}

impl Store {
    /// The members of a room, in the order of their names.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn members(&self, viewer: UserId, room: RoomId) -> Result<Vec<Member>, StoreError> {
        self.read_snapshot(move |connection| {
            require_membership(connection, viewer, room)?;
            members_of(connection, room)
        })
        .await
    }

    /// Adds a person to a room; any member may. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`] when the actor is none, [`Refusal::UserNotFound`].
    pub async fn add_member(
        &self,
        actor: UserId,
        room: RoomId,
        user: UserId,
    ) -> Result<(Vec<Member>, Option<RoomEvent>), StoreError> {
        self.write_for(actor, move |connection| add(connection, actor, room, user)).await
    }

    /// Removes a person from a room. Everybody may leave; only who manages the room and administrators may remove others.
    /// When who manages a room goes, the longest-standing member gets these rights; when there is none, only administrators
    /// have them, whoever joins later.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`] when `user` is none, [`Refusal::NotAllowed`];
    /// [`Refusal::LastMember`] when nobody would be left in a closed room, unless `even_the_last`.
    pub async fn remove_member(
        &self,
        actor: UserId,
        room: RoomId,
        user: UserId,
        even_the_last: bool,
    ) -> Result<MemberRemoval, StoreError> {
        self.write_with_trail(Some(actor), move |connection, trail| {
            let removal = remove(connection, actor, room, user, even_the_last)?;
            if actor != user {
                let (remover, person) = (require_user(connection, actor)?, require_user(connection, user)?);
                let note = AuditNote::by(&remover).to(format_args!("room:{room}")).saying(&person.username);
                trail.record(connection, AuditAction::MemberRemoved, note)?;
            }
            Ok(removal)
        })
        .await
    }

    /// Moves a person's read mark to a message's number; never backwards, nor beyond the last message. Returns the new
    /// mark when it moved.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn mark_read(&self, user: UserId, room: RoomId, number: i64) -> Result<Option<ReadMark>, StoreError> {
        self.write_for(user, move |connection| mark_read(connection, user, room, number)).await
    }

    /// Checks that a person belongs to a room.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn require_membership(&self, viewer: UserId, room: RoomId) -> Result<(), StoreError> {
        self.read(move |connection| require_membership(connection, viewer, room).map(drop)).await
    }

    /// Checks that a person belongs to a room and may write in it.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`].
    pub async fn require_writing(&self, writer: UserId, room: RoomId) -> Result<(), StoreError> {
        self.read(move |connection| require_writing(connection, writer, room).map(drop)).await
    }

    /// Whether a person belongs to a room; `false` when there is no such room.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_member(&self, user: UserId, room: RoomId) -> Result<bool, StoreError> {
        self.read(move |connection| Ok(is_member(connection, room, user)?)).await
    }
}

fn mark_read(
    connection: &mut DbConnection,
    user: UserId,
    id: RoomId,
    number: i64,
) -> Result<Option<ReadMark>, StoreError> {
    lock_room(connection, id)?;
    let view = require_membership(connection, user, id)?;
    let number = number.min(view.room.message_count);
    if view.membership.is_none_or(|own| number <= own.read_number) {
        return Ok(None);
    }
    let unread = unread_after(connection, user, &view.room, number)?;
    let uncounted = view.room.message_count - number - unread;
    diesel::update(memberships::table.find((id.0, user.0)))
        .set((memberships::read_number.eq(number), memberships::uncounted.eq(uncounted)))
        .execute(connection)?;
    let Room { message_count, last_seq, .. } = view.room;
    Ok(Some(ReadMark { number, unread, message_count, last_seq }))
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

/// The members of a room, without their names.
pub(in crate::store) fn member_ids(connection: &mut DbConnection, room: RoomId) -> QueryResult<Vec<UserId>> {
    let members = memberships::table.filter(memberships::room_id.eq(room.0)).order(memberships::user_id);
    Ok(members.select(memberships::user_id).load::<i64>(connection)?.into_iter().map(UserId).collect())
}

fn is_member(connection: &mut DbConnection, room: RoomId, user: UserId) -> QueryResult<bool> {
    let place = memberships::table.find((room.0, user.0)).select(memberships::user_id);
    place.first::<i64>(connection).optional().map(|place| place.is_some())
}

fn add(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    user: UserId,
) -> Result<(Vec<Member>, Option<RoomEvent>), StoreError> {
    lock_room(connection, room)?;
    let view = require_membership(connection, by, room)?;
    let inviter = UserRef::from(&require_user(connection, by)?);
    let person = find_user(connection, user)?.ok_or(StoreError::Refused(Refusal::UserNotFound))?;
    let event = if is_member(connection, room, user)? {
        None
    } else {
        Some(add_membership(connection, &view.room, &inviter, UserRef::from(&person), Timestamp::now())?)
    };
    Ok((members_of(connection, room)?, event))
}

/// Adds a member to a room, which must be locked. Messages posted before count as read.
pub(in crate::store) fn add_membership(
    connection: &mut DbConnection,
    room: &Room,
    actor: &UserRef,
    person: UserRef,
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
    let event = RoomEvent {
        room_id: room.id,
        seq,
        created_at: at,
        actor: actor.clone(),
        kind: EventKind::MemberJoined,
        subject: Subject::Member(person),
    };
    append(connection, &event)?;
    Ok(event)
}

fn remove(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    user: UserId,
    even_the_last: bool,
) -> Result<MemberRemoval, StoreError> {
    lock_room(connection, room)?;
    let (view, remover) = match by == user {
        true => (visible_room(connection, by, room)?, require_user(connection, by)?),
        false => require_management(connection, by, room)?,
    };
    if !is_member(connection, room, user)? {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    let successor = successor_of(connection, &view.room, user)?;
    if view.room.kind == RoomKind::Closed && successor.is_none() && !even_the_last {
        return Err(StoreError::Refused(Refusal::LastMember));
    }
    let person = UserRef::from(&require_user(connection, user)?);
    diesel::delete(memberships::table.find((room.0, user.0))).execute(connection)?;
    let event = RoomEvent {
        room_id: room,
        seq: next_seq(connection, room)?,
        created_at: Timestamp::now(),
        actor: UserRef::from(&remover),
        kind: EventKind::MemberRemoved,
        subject: Subject::Member(person),
    };
    append(connection, &event)?;
    let mut events = vec![event];
    if view.room.created_by == Some(user) {
        match successor {
            Some(successor) => {
                diesel::update(rooms::table.find(room.0)).set(rooms::created_by.eq(successor.0)).execute(connection)?
            }
            None => diesel::update(rooms::table.find(room.0)).set(rooms::is_unmanaged.eq(true)).execute(connection)?,
        };
        let managed = Room { created_by: successor, ..view.room };
        events.push(record(connection, managed, &UserRef::from(&remover), Timestamp::now(), EventKind::RoomChanged)?);
    }
    Ok(MemberRemoval { events, document_ids: document_ids_of_room(connection, room)? })
}

/// The longest-standing of the other members.
fn successor_of(connection: &mut DbConnection, room: &Room, leaving: UserId) -> QueryResult<Option<UserId>> {
    memberships::table
        .filter(memberships::room_id.eq(room.id.0).and(memberships::user_id.ne(leaving.0)))
        .order((memberships::joined_at, memberships::joined_seq))
        .select(memberships::user_id)
        .first(connection)
        .optional()
        .map(|user| user.map(UserId))
}
