//! An event of a room, as the socket, the event stream, catch-up and webhooks carry it.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Discriminator, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{EventKind, RoomEvent, RoomId, Seq, Subject, SubjectKind, Timestamp};
use crate::timeline::DispatchedSteps;

use super::{DocumentPayload, MessagePayload, ReactionPayload, RoomPayload, UserRefPayload};

/// An event: `{"type":"message.posted","room_id":1,"seq":41,"created_at":"…","actor":{…},"message":{…}}`.
#[derive(Debug, Serialize)]
pub struct EventPayload<'a> {
    /// The event's name.
    pub r#type: &'static str,
    room_id: RoomId,
    seq: Seq,
    created_at: Timestamp,
    actor: UserRefPayload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessagePayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserRefPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<ReactionPayload<'a>>,
    /// How far the event's request has come; only on the event that the request itself dispatches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<DispatchedSteps>,
}

impl<'a> From<&'a RoomEvent> for EventPayload<'a> {
    fn from(event: &'a RoomEvent) -> Self {
        let mut payload = Self {
            r#type: event.kind.name(),
            room_id: event.room_id,
            seq: event.seq,
            created_at: event.created_at,
            actor: (&event.actor).into(),
            message: None,
            room: None,
            user: None,
            document: None,
            reaction: None,
            flow: None,
        };
        match &event.subject {
            Subject::Room(room) => payload.room = Some(room.into()),
            Subject::Message(message) => payload.message = Some(message.as_ref().into()),
            Subject::Member(user) => payload.user = Some(user.into()),
            Subject::Document(document) => payload.document = Some(document.as_ref().into()),
            Subject::Reaction(reaction) => payload.reaction = Some(reaction.into()),
        }
        payload
    }
}

/// One object for each kind of event, told apart by `type`, so that a program knows which of the subjects is there.
impl ToSchema for EventPayload<'_> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Event")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for kind in EventKind::ALL {
            schemas.push((schema_name(*kind), schema_of(*kind)));
        }
        add::<UserRefPayload>(schemas);
        add::<RoomPayload>(schemas);
        add::<MessagePayload>(schemas);
        add::<DocumentPayload>(schemas);
        add::<ReactionPayload>(schemas);
        add::<DispatchedSteps>(schemas);
        add::<RoomId>(schemas);
        add::<Seq>(schemas);
        add::<Timestamp>(schemas);
    }
}

impl PartialSchema for EventPayload<'_> {
    fn schema() -> RefOr<Schema> {
        let one_of = EventKind::ALL
            .iter()
            .fold(OneOfBuilder::new(), |one_of, kind| one_of.item(Ref::from_schema_name(schema_name(*kind))));
        let reference = |kind: &EventKind| (kind.name(), Ref::from_schema_name(schema_name(*kind)).ref_location);
        let mapping = EventKind::ALL.iter().map(reference);
        one_of
            .discriminator(Some(Discriminator::with_mapping("type", mapping)))
            .description(Some("What happened in a room. The socket, the event stream, catch-up and webhooks carry it."))
            .into()
    }
}

/// `message.posted` is described by `MessagePostedEvent`.
fn schema_name(kind: EventKind) -> String {
    let words = kind.name().split('.').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]));
    format!("{}Event", words.collect::<String>())
}

fn schema_of(kind: EventKind) -> RefOr<Schema> {
    let (subject, schema) = match kind.subject() {
        SubjectKind::Room => ("room", RoomPayload::name()),
        SubjectKind::Message => ("message", MessagePayload::name()),
        SubjectKind::Document => ("document", DocumentPayload::name()),
        SubjectKind::Member => ("user", UserRefPayload::name()),
        SubjectKind::Reaction => ("reaction", ReactionPayload::name()),
    };
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind.name()]));
    let object = ObjectBuilder::new()
        .property("type", name)
        .property("room_id", Ref::from_schema_name(RoomId::name()))
        .property("seq", Ref::from_schema_name(Seq::name()))
        .property("created_at", Ref::from_schema_name(Timestamp::name()))
        .property("actor", Ref::from_schema_name(UserRefPayload::name()))
        .property(subject, Ref::from_schema_name(schema));
    let object =
        ["type", "room_id", "seq", "created_at", "actor", subject].into_iter().fold(object, ObjectBuilder::required);
    let object = match kind {
        EventKind::MessagePosted => object.property("flow", Ref::from_schema_name(DispatchedSteps::name())),
        _ => object,
    };
    object.into()
}

fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

impl ToSchema for EventKind {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EventKind")
    }
}

impl PartialSchema for EventKind {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.name())))
            .into()
    }
}
