//! Adding and removing reactions: emoji that people put under a message.

use diesel::prelude::*;

use crate::domain::{
    EventKind, Message, MessageId, Reaction, ReactionEmoji, Refusal, RoomEvent, RoomId, Seq, Subject, Timestamp,
    UserId, UserRef,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{messages, reactions};
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::require_user;
use crate::store::rooms::access::{lock_room, require_writing};
use crate::store::{Store, StoreError};

use super::load::find_message;

impl Store {
    /// Puts an emoji under a message. No event when the person had put it there before.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`], [`Refusal::MessageNotFound`] also when it was deleted,
    /// [`Refusal::TooManyReactions`] when the message has `max_emoji` other emoji.
    pub async fn add_reaction(
        &self,
        user: UserId,
        room: RoomId,
        id: MessageId,
        emoji: ReactionEmoji,
        max_emoji: usize,
    ) -> Result<(Message, Option<RoomEvent>), StoreError> {
        self.write_for(user, move |connection| {
            let (message, user) = reactable(connection, user, room, id)?;
            if has_reacted(connection, id, &emoji, user.id)? {
                return Ok((message, None));
            }
            let is_new = message.reactions.iter().all(|used| used.emoji != emoji);
            if is_new && message.reactions.len() >= max_emoji {
                return Err(StoreError::Refused(Refusal::TooManyReactions));
            }
            let seq = next_seq(connection, room)?;
            diesel::insert_into(reactions::table)
                .values((
                    reactions::message_id.eq(id.0),
                    reactions::emoji.eq(emoji.as_str()),
                    reactions::user_id.eq(user.id.0),
                    reactions::seq.eq(seq.0),
                ))
                .execute(connection)?;
            changed(
                connection,
                room,
                seq,
                EventKind::ReactionAdded,
                Reaction { message_id: id, emoji: emoji.clone(), user },
            )
        })
        .await
    }

    /// Takes an emoji of the person's back. No event when it was not there.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`], [`Refusal::MessageNotFound`] also when it was deleted.
    pub async fn remove_reaction(
        &self,
        user: UserId,
        room: RoomId,
        id: MessageId,
        emoji: ReactionEmoji,
    ) -> Result<(Message, Option<RoomEvent>), StoreError> {
        self.write_for(user, move |connection| {
            let (message, user) = reactable(connection, user, room, id)?;
            let its = reactions::table.find((id.0, emoji.as_str(), user.id.0));
            if diesel::delete(its).execute(connection)? == 0 {
                return Ok((message, None));
            }
            let seq = next_seq(connection, room)?;
            changed(
                connection,
                room,
                seq,
                EventKind::ReactionRemoved,
                Reaction { message_id: id, emoji: emoji.clone(), user },
            )
        })
        .await
    }
}

/// The message that `user`, a member, reacts to; the room is locked.
fn reactable(
    connection: &mut DbConnection,
    user: UserId,
    room: RoomId,
    id: MessageId,
) -> Result<(Message, UserRef), StoreError> {
    lock_room(connection, room)?;
    require_writing(connection, user, room)?;
    let message = find_message(connection, room, id)?;
    if message.deleted_at.is_some() {
        return Err(StoreError::Refused(Refusal::MessageNotFound));
    }
    Ok((message, UserRef::from(&require_user(connection, user)?)))
}

fn has_reacted(connection: &mut DbConnection, id: MessageId, emoji: &ReactionEmoji, user: UserId) -> QueryResult<bool> {
    let its = reactions::table.find((id.0, emoji.as_str(), user.0));
    diesel::select(diesel::dsl::exists(its)).get_result(connection)
}

/// Writes the event of a reaction that was added or removed; answers with the message as it is then.
fn changed(
    connection: &mut DbConnection,
    room_id: RoomId,
    seq: Seq,
    kind: EventKind,
    reaction: Reaction,
) -> Result<(Message, Option<RoomEvent>), StoreError> {
    let id = reaction.message_id;
    diesel::update(messages::table.find(id.0)).set(messages::changed_seq.eq(seq.0)).execute(connection)?;
    let actor = reaction.user.clone();
    let subject = Subject::Reaction(reaction);
    let event = RoomEvent { room_id, seq, created_at: Timestamp::now(), actor, kind, subject };
    append(connection, &event)?;
    Ok((find_message(connection, room_id, id)?, Some(event)))
}
