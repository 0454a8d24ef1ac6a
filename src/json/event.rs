//! An event of a room, as the socket, the event stream, catch-up and webhooks carry it.

use serde::Serialize;

use crate::domain::{RoomEvent, RoomEventKind, RoomId, Seq, Timestamp};
use crate::timeline::DispatchedSteps;

use super::{AuthorPayload, DocumentPayload, MessagePayload, RoomPayload};

/// An event: `{"type":"message.posted","room_id":1,"seq":41,"created_at":"…","actor":{…},"message":{…}}`.
#[derive(Debug, Serialize)]
pub struct EventPayload<'a> {
    /// The event's name.
    pub r#type: &'static str,
    room_id: RoomId,
    seq: Seq,
    created_at: Timestamp,
    actor: AuthorPayload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessagePayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<AuthorPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentPayload<'a>>,
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
            flow: None,
        };
        match &event.kind {
            RoomEventKind::RoomCreated(room) | RoomEventKind::RoomChanged(room) => payload.room = Some(room.into()),
            RoomEventKind::MessagePosted(message)
            | RoomEventKind::MessageEdited(message)
            | RoomEventKind::MessageDeleted(message) => payload.message = Some(message.as_ref().into()),
            RoomEventKind::MemberJoined(user) | RoomEventKind::MemberRemoved(user) => {
                payload.user = Some(user.into());
            }
            RoomEventKind::DocumentCreated(document) | RoomEventKind::DocumentChanged(document) => {
                payload.document = Some(document.as_ref().into());
            }
        }
        payload
    }
}
