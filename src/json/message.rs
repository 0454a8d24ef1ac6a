//! A message.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Message, MessageId, RoomId, Seq, Timestamp};

use super::{FilePayload, UserRefPayload};

/// A message: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessagePayload<'a> {
    id: MessageId,
    room_id: RoomId,
    seq: Seq,
    number: i64,
    author: UserRefPayload<'a>,
    body: &'a str,
    html: &'a str,
    #[schema(required)]
    client_id: Option<&'a str>,
    created_at: Timestamp,
    #[schema(required)]
    edited_at: Option<Timestamp>,
    #[schema(required)]
    deleted_at: Option<Timestamp>,
    files: Vec<FilePayload<'a>>,
}

impl<'a> From<&'a Message> for MessagePayload<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            room_id: message.room_id,
            seq: message.seq,
            number: message.number,
            author: (&message.author).into(),
            body: &message.body,
            html: &message.html,
            client_id: message.client_id.as_deref(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            files: message.files.iter().map(FilePayload::from).collect(),
        }
    }
}
