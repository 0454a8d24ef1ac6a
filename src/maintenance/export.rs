//! Exporting what people wrote, as JSON Lines: one object a line, the same objects as in the HTTP API.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::{MessageId, PersonName, RoomId, Timestamp, User, UserId, Username};
use crate::json::{DocumentPayload, FilePayload, MessagePayload, RoomPayload, UserRefPayload};
use crate::store::{DatabaseUrl, ExportItem, ExportScope, ExportedFile, Snapshot};

use super::MaintenanceError;
use super::archive::FILES;

/// A line: `{"type":"message","message":{…}}`.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "type")]
enum Line<'a> {
    User { user: UserLine<'a> },
    Room { room: RoomPayload<'a> },
    Membership { membership: MembershipLine<'a> },
    Document { document: DocumentLine<'a> },
    Message { message: MessagePayload<'a> },
    File { file: FileLine<'a> },
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
    room_id: RoomId,
    user: UserRefPayload<'a>,
    joined_at: Timestamp,
    read_number: i64,
}

#[derive(Serialize)]
struct DocumentLine<'a> {
    #[serde(flatten)]
    document: DocumentPayload<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct FileLine<'a> {
    #[serde(flatten)]
    file: FilePayload<'a>,
    room_id: RoomId,
    message_id: Option<MessageId>,
    uploader: UserRefPayload<'a>,
    created_at: Timestamp,
    sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
}

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// What.
    pub scope: ExportScope,
    /// Whether it is said of each file where its content stands within the data directory.
    pub has_content_paths: bool,
}

/// Writes what `options` say, in an order that is the same every time. Answers how many lines.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such room or person.
pub fn export(url: &DatabaseUrl, options: &ExportOptions, mut out: impl Write) -> Result<u64, MaintenanceError> {
    let mut lines = 0;
    Snapshot::open(url)?.export(&options.scope, &mut |item| {
        lines += 1;
        serde_json::to_writer(&mut out, &line(&item, options)).map_err(io::Error::from)?;
        out.write_all(b"\n")
    })?;
    out.flush().map_err(|error| MaintenanceError::Export(error.into()))?;
    Ok(lines)
}

fn line<'a>(item: &'a ExportItem, options: &ExportOptions) -> Line<'a> {
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
        ExportItem::File(file) => Line::File { file: file_line(file, options.has_content_paths) },
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

fn file_line(exported: &ExportedFile, has_path: bool) -> FileLine<'_> {
    FileLine {
        file: (&exported.file).into(),
        room_id: exported.room_id,
        message_id: exported.message_id,
        uploader: (&exported.uploader).into(),
        created_at: exported.created_at,
        sha256: exported.hash.as_str(),
        path: has_path.then(|| Path::new(FILES).join(exported.hash.path())),
    }
}
