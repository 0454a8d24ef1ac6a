//! The JSON of events and of what they carry. The same objects go over the socket, the event stream, catch-up and the
//! answers of the HTTP API, so that a client needs one parser.

use serde::Serialize;

use crate::domain::{
    Author, Document, DocumentId, File, FileId, Membership, Message, MessageId, RetentionDays, Room, RoomEvent,
    RoomEventKind, RoomId, Seq, Timestamp, UserId,
};

use crate::timeline::DispatchedFlow;

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
    pub flow: Option<DispatchedFlow>,
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

/// A message: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize)]
pub struct MessagePayload<'a> {
    id: MessageId,
    room_id: RoomId,
    seq: Seq,
    number: i64,
    author: AuthorPayload<'a>,
    body: &'a str,
    html: &'a str,
    client_id: Option<&'a str>,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
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

/// A file: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize)]
pub struct FilePayload<'a> {
    id: FileId,
    name: &'a str,
    content_type: &'a str,
    bytes: u64,
    width: Option<u32>,
    height: Option<u32>,
    url: String,
    thumbnail_url: Option<String>,
}

impl<'a> From<&'a File> for FilePayload<'a> {
    fn from(file: &'a File) -> Self {
        let url = format!("/api/v1/files/{}", file.id);
        Self {
            id: file.id,
            name: &file.name,
            content_type: &file.content_type,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
            thumbnail_url: file.has_thumbnail.then(|| format!("{url}/thumbnail")),
            url,
        }
    }
}

/// A shared document without its content: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize)]
pub struct DocumentPayload<'a> {
    id: DocumentId,
    room_id: RoomId,
    title: &'a str,
    created_at: Timestamp,
    created_by: AuthorPayload<'a>,
    updated_at: Timestamp,
    updated_by: AuthorPayload<'a>,
    revision: i64,
    bytes: i64,
    archived_at: Option<Timestamp>,
}

impl<'a> From<&'a Document> for DocumentPayload<'a> {
    fn from(document: &'a Document) -> Self {
        Self {
            id: document.id,
            room_id: document.room_id,
            title: &document.title,
            created_at: document.created_at,
            created_by: (&document.created_by).into(),
            updated_at: document.updated_at,
            updated_by: (&document.updated_by).into(),
            revision: document.revision,
            bytes: document.bytes,
            archived_at: document.archived_at,
        }
    }
}

/// A person beside a message: `{"id":2,"username":"ada","name":"Ada Lovelace"}`.
#[derive(Debug, Serialize)]
pub struct AuthorPayload<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
}

impl<'a> From<&'a Author> for AuthorPayload<'a> {
    fn from(author: &'a Author) -> Self {
        Self { id: author.id, username: &author.username, name: &author.name }
    }
}

/// A room; in the HTTP API with the caller's membership beside these fields.
#[derive(Debug, Serialize)]
pub struct RoomPayload<'a> {
    id: RoomId,
    kind: &'static str,
    name: &'a str,
    topic: &'a str,
    created_by: UserId,
    created_at: Timestamp,
    last_seq: Seq,
    message_count: i64,
    retention_days: Option<RetentionDays>,
}

impl<'a> From<&'a Room> for RoomPayload<'a> {
    fn from(room: &'a Room) -> Self {
        Self {
            id: room.id,
            kind: room.kind.name(),
            name: &room.name,
            topic: &room.topic,
            created_by: room.created_by,
            created_at: room.created_at,
            last_seq: room.last_seq,
            message_count: room.message_count,
            retention_days: room.retention_days,
        }
    }
}

/// The caller's place in a room: `{"read_number":28,"unread":2,"joined_at":"…"}`.
#[derive(Debug, Serialize)]
pub struct MembershipPayload {
    read_number: i64,
    unread: i64,
    joined_at: Timestamp,
}

impl MembershipPayload {
    /// The membership of somebody in `room`.
    #[must_use]
    pub const fn new(room: &Room, membership: &Membership) -> Self {
        Self {
            read_number: membership.read_number,
            unread: room.message_count - membership.read_number,
            joined_at: membership.joined_at,
        }
    }
}
