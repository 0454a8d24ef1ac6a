//! Exporting what people wrote, as JSON Lines: one object a line, the same objects as in the HTTP API.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::{PersonName, Timestamp, User, UserId, Username};
use crate::events::{AuthorPayload, DocumentPayload, MessagePayload, RoomPayload};
use crate::store::{DatabaseUrl, ExportItem, ExportScope, Snapshot};

use super::MaintenanceError;

/// A line: `{"type":"message","message":{…}}`.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "type")]
enum Line<'a> {
    User { user: UserLine<'a> },
    Room { room: RoomPayload<'a> },
    Membership { membership: MembershipLine<'a> },
    Document { document: DocumentLine<'a> },
    Message { message: MessagePayload<'a> },
}

#[derive(Serialize)]
struct UserLine<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
    role: &'static str,
    created_at: Timestamp,
}

#[derive(Serialize)]
struct MembershipLine<'a> {
    room_id: crate::domain::RoomId,
    user: AuthorPayload<'a>,
    joined_at: Timestamp,
    read_number: i64,
}

#[derive(Serialize)]
struct DocumentLine<'a> {
    #[serde(flatten)]
    document: DocumentPayload<'a>,
    text: &'a str,
}

/// Writes what `scope` says, in an order that is the same every time. Answers how many lines.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such room or person.
pub fn export(url: &DatabaseUrl, scope: &ExportScope, mut out: impl Write) -> Result<u64, MaintenanceError> {
    let mut lines = 0;
    Snapshot::open(url)?.export(scope, &mut |item| {
        lines += 1;
        serde_json::to_writer(&mut out, &line(&item)).map_err(io::Error::from)?;
        out.write_all(b"\n")
    })?;
    out.flush().map_err(|error| MaintenanceError::Export(error.into()))?;
    Ok(lines)
}

fn line(item: &ExportItem) -> Line<'_> {
    match item {
        ExportItem::User(user) => Line::User { user: user_line(user) },
        ExportItem::Room(room) => Line::Room { room: room.into() },
        ExportItem::Membership { room_id, person, membership } => Line::Membership {
            membership: MembershipLine {
                room_id: *room_id,
                user: person.into(),
                joined_at: membership.joined_at,
                read_number: membership.read_number,
            },
        },
        ExportItem::Document { document, text } => {
            Line::Document { document: DocumentLine { document: document.into(), text } }
        }
        ExportItem::Message(message) => Line::Message { message: message.into() },
    }
}

fn user_line(user: &User) -> UserLine<'_> {
    UserLine {
        id: user.id,
        username: Username::as_str(&user.username),
        name: PersonName::as_str(&user.name),
        role: user.role.name(),
        created_at: user.created_at,
    }
}
