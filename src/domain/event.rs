//! What happened in a room: the contract between the store, the bus and every client.

use serde::{Serialize, Serializer};

use super::{Document, InvalidField, Message, Reaction, Refusal, Room, RoomId, Seq, Timestamp, UserRef};

/// One entry of a room's log, as it is dispatched (step 3) and as catch-up reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomEvent {
    /// The room it happened in.
    pub room_id: RoomId,
    /// Its place in the room's log.
    pub seq: Seq,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Who did it.
    pub actor: UserRef,
    /// What was done.
    pub kind: EventKind,
    /// What it was done to; of the kind that [`EventKind::subject`] says.
    pub subject: Subject,
}

/// What an event is about, as it is after the event. A message and a document are boxed because they are much larger.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The room itself.
    Room(Room),
    /// A message of the room. A deleted message has no text.
    Message(Box<Message>),
    /// Somebody who joined or left.
    Member(UserRef),
    /// A document of the room, without its content.
    Document(Box<Document>),
    /// A reaction to a message of the room.
    Reaction(Reaction),
}

/// Which of the [`Subject`]s an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// [`Subject::Room`].
    Room,
    /// [`Subject::Message`].
    Message,
    /// [`Subject::Member`].
    Member,
    /// [`Subject::Document`].
    Document,
    /// [`Subject::Reaction`].
    Reaction,
}

/// Declares the kinds of events: `/// when it happens`, then `Name: "name on every wire", subject;`.
macro_rules! event_kinds {
    ($($(#[$doc:meta])+ $kind:ident: $name:literal, $subject:ident;)+) => {
        /// What can happen in a room: the only list of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])+ $kind,)+
        }

        impl EventKind {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The event's name on the wire, in the log and in webhooks.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// What such an event is about.
            #[must_use]
            pub const fn subject(self) -> SubjectKind {
                match self {
                    $(Self::$kind => SubjectKind::$subject,)+
                }
            }
        }
    };
}

event_kinds! {
    /// A document was made.
    DocumentCreated: "document.created", Document;
    /// A document was renamed, archived, or restored from the archive. Changes of its text are no events of the room.
    DocumentChanged: "document.changed", Document;
    /// A document was deleted; its title, text and versions are gone.
    DocumentDeleted: "document.deleted", Document;
    /// Someone joined, or was added by the actor.
    MemberJoined: "member.joined", Member;
    /// Someone left, or was removed by the actor.
    MemberRemoved: "member.removed", Member;
    /// A message was deleted; its text is gone.
    MessageDeleted: "message.deleted", Message;
    /// A message's text was replaced.
    MessageEdited: "message.edited", Message;
    /// A message was posted.
    MessagePosted: "message.posted", Message;
    /// Somebody put an emoji under a message.
    ReactionAdded: "reaction.added", Reaction;
    /// Somebody took their emoji back.
    ReactionRemoved: "reaction.removed", Reaction;
    /// The room has a new name, topic or retention, was archived or taken out of the archive, or is a default room now or no more.
    RoomChanged: "room.changed", Room;
    /// The room was made; always a room's first event.
    RoomCreated: "room.created", Room;
    /// The room was deleted, with all that was written in it; always a room's last event.
    RoomDeleted: "room.deleted", Room;
}

impl EventKind {
    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Parses the list that somebody sent: each once, at least one.
    ///
    /// # Errors
    /// [`Refusal::InvalidEventTypes`].
    pub fn parse_list(names: &[String]) -> Result<Vec<Self>, InvalidField> {
        let refuse = |detail: String| InvalidField::new("events", Refusal::InvalidEventTypes, detail);
        let mut kinds = Vec::new();
        for name in names {
            let kind = Self::from_name(name);
            kinds.push(kind.ok_or_else(|| refuse(format!("There is no event {name:?}. {}", Self::choice())))?);
        }
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() {
            return Err(refuse(format!("Name at least one event. {}", Self::choice())));
        }
        Ok(kinds)
    }

    fn choice() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
        format!("The events are {}.", names.join(", "))
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(names: &[&str]) -> Result<Vec<EventKind>, InvalidField> {
        EventKind::parse_list(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_list_of_kinds_has_each_once_and_in_one_order() {
        let kinds = parse(&["message.posted", "member.joined", "message.posted"]).expect("valid");
        assert_eq!(kinds, [EventKind::MemberJoined, EventKind::MessagePosted]);
    }

    #[test]
    fn an_unknown_kind_and_an_empty_list_are_refused_with_the_choice() {
        for names in [&["message.*"][..], &[]] {
            let refused = parse(names).expect_err("invalid");
            assert!(refused.detail.contains("message.posted"), "{refused}");
        }
    }

    #[test]
    fn a_name_begins_with_its_subject_and_stands_for_one_kind() {
        for kind in EventKind::ALL {
            let subject = format!("{:?}.", kind.subject()).to_lowercase();
            assert!(kind.name().starts_with(&subject), "{kind:?}");
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
        }
    }
}
