//! The one list of error codes of the API: status, code, field and sentence of each.
//!
//! The store refuses with a [`Refusal`], the HTTP API answers with its row as `application/problem+json` (RFC 9457), and
//! the table at the end of `docs/api.md` is compared with this list by a test. A new refusal is a line here.

/// Declares the refusals: `/// when it happens`, then `Name: "code", field, "sentence for people";` under a status.
macro_rules! refusals {
    ($($status:literal { $($(#[$doc:meta])+ $name:ident: $code:literal, $field:expr, $sentence:literal;)+ })+) => {
        /// Why a request was refused or failed. The code is stable: programs decide by it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($($(#[$doc])+ $name,)+)+
        }

        impl Refusal {
            /// All there are, by status.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            const fn row(self) -> (u16, &'static str, Option<&'static str>, &'static str) {
                match self {
                    $($(Self::$name => ($status, $code, $field, $sentence),)+)+
                }
            }
        }
    };
}

refusals! {
    400 {
        /// The body is not JSON.
        InvalidJson: "invalid_json", None, "The body is not valid JSON.";
        /// The body is not UTF-8.
        InvalidUtf8: "invalid_utf8", None, "The body is not valid UTF-8.";
        /// The body stopped before its end, or could not be decompressed.
        BodyIncomplete: "body_incomplete", None, "The body could not be read to its end.";
    }
    401 {
        /// No `Authorization` header, or another scheme than Bearer.
        TokenMissing: "token_missing", None, "Send a token: Authorization: Bearer …";
        /// The token is malformed, forged, revoked or made for another server.
        TokenInvalid: "token_invalid", None, "The token is not valid, or was revoked.";
        /// The access token's time is over.
        TokenExpired: "token_expired", None, "The access token has expired; renew it: POST /session/refresh.";
        /// The session was ended, here or on another device, or was not used for too long.
        SessionEnded: "session_ended", None, "The session has ended. Sign in again.";
        /// The user name or the password is wrong; which one is not told.
        WrongCredentials: "wrong_credentials", None, "The user name or the password is wrong.";
    }
    403 {
        /// The person can see the room but is not a member of it.
        NotAMember: "not_a_member", None, "You are not a member of this room.";
        /// The person may not do this to that room, message or member.
        NotAllowed: "not_allowed", None, "You are not allowed to do this.";
        /// Only administrators may do it.
        AdministratorsOnly: "administrators_only", None, "Only an administrator may do this.";
        /// An API token must not make or revoke tokens, nor sign a browser out.
        SessionNeeded: "session_needed", None, "An API token cannot do this; sign in and use the access token.";
        /// Signing up needs an invitation, and there is none, or none that is valid.
        SignUpClosed: "sign_up_closed", Some("invite"), "Signing up needs a valid invite (HUBBUB_SIGN_UP).";
        /// The channel does not exist, or the person may not subscribe to it; which one is not told.
        ChannelRefused: "channel_refused", None, "You may not subscribe to this channel.";
        /// A page of another site made the browser send it.
        CrossSite: "cross_site", None, "The request was sent by a page of another site, so it is refused.";
    }
    404 {
        /// No route has that path.
        RouteNotFound: "not_found", None, "No endpoint of the API has this path.";
        /// The room does not exist, or the person may not know that it does.
        RoomNotFound: "room_not_found", None, "There is no such room.";
        /// The room has no such message, or the message was deleted.
        MessageNotFound: "message_not_found", None, "There is no such message in this room.";
        /// The person to be removed is not a member of the room.
        MemberNotFound: "member_not_found", None, "That person is not a member of this room.";
        /// Nobody has that id.
        UserNotFound: "user_not_found", None, "There is no such person.";
        /// The person has no such API token.
        TokenNotFound: "token_not_found", None, "You have no such API token.";
        /// There is no such webhook, or it belongs to somebody else.
        WebhookNotFound: "webhook_not_found", None, "You have no such webhook.";
        /// The webhook has no such delivery.
        DeliveryNotFound: "delivery_not_found", None, "The webhook has no such delivery.";
        /// The server no longer keeps the timeline of the message.
        FlowForgotten: "flow_forgotten", None, "The timeline of this message is no longer kept (HUBBUB_FLOW_ENTRIES).";
        /// There is no such file, or the person may not know that there is, or it is attached to another message.
        FileNotFound: "file_not_found", None, "There is no such file.";
        /// The file is no image, or the image is too large or damaged.
        ThumbnailNotFound: "thumbnail_not_found", None, "The file has no thumbnail.";
        /// There is no such document, or the person may not know that there is.
        DocumentNotFound: "document_not_found", None, "There is no such document.";
        /// The document has no such version, or no longer keeps it.
        VersionNotFound: "version_not_found", None, "The document has no such version.";
    }
    405 {
        /// The path exists, but not with this method.
        MethodNotAllowed: "method_not_allowed", None, "This path does not support this method.";
    }
    408 {
        /// The body came more slowly than `HUBBUB_BODY_MIN_BYTES_PER_SEC`.
        BodyTooSlow: "body_too_slow", None,
            "The body came too slowly (HUBBUB_BODY_GRACE_SECS, HUBBUB_BODY_MIN_BYTES_PER_SEC).";
    }
    409 {
        /// Somebody else has the user name.
        UsernameTaken: "username_taken", Some("username"), "The user name is taken.";
        /// The author has posted something else under this client id.
        ClientIdReused: "client_id_reused", Some("client_id"),
            "You have posted another message under this client_id; use a new one.";
        /// Nobody would be left in a closed room.
        LastMember: "last_member", None,
            "Nobody else is in this room; without you only an administrator can reach it. Send even_the_last=true to leave.";
        /// Nobody else is an administrator.
        LastAdministrator: "last_administrator", None, "Somebody must stay an administrator.";
        /// The room is read-only.
        RoomArchived: "room_archived", None, "The room is archived and therefore read-only.";
        /// The document is read-only.
        DocumentArchived: "document_archived", None, "The document is archived and therefore read-only.";
    }
    413 {
        /// The body is larger than `HUBBUB_MAX_BODY_BYTES`.
        BodyTooLarge: "body_too_large", None, "The body is too large (HUBBUB_MAX_BODY_BYTES).";
        /// An upload is larger than `HUBBUB_MAX_FILE_BYTES`.
        FileTooLarge: "file_too_large", None, "The file is too large (HUBBUB_MAX_FILE_BYTES).";
        /// A document would be larger than `HUBBUB_MAX_DOCUMENT_BYTES`, or the update to be merged into it is.
        DocumentTooLarge: "document_too_large", None, "The document would be too large (HUBBUB_MAX_DOCUMENT_BYTES).";
    }
    415 {
        /// The body is of a type that this call does not accept.
        UnsupportedMediaType: "unsupported_media_type", None, "This call does not accept a body of this type.";
    }
    416 {
        /// The range starts beyond the end of the file, or several ranges were asked for.
        RangeNotSatisfiable: "range_not_satisfiable", None, "The file does not have this range.";
    }
    421 {
        /// The name that was asked is none of the instance's.
        ForeignHost: "foreign_host", None,
            "This server has another name than the one that was asked (HUBBUB_PUBLIC_URL, HUBBUB_ALLOWED_HOSTS).";
    }
    422 {
        /// The body has a field that the call does not know.
        UnknownField: "unknown_field", None, "The body has an unknown field.";
        /// The body lacks a field.
        MissingField: "missing_field", None, "The body lacks a field.";
        /// The body has a field twice.
        DuplicateField: "duplicate_field", None, "The body has a field twice.";
        /// A field of the body has the wrong type.
        InvalidBodyField: "invalid_field", None, "A field of the body has the wrong type.";
        /// The query has other parameters than the call takes.
        InvalidQuery: "invalid_query", None, "The query's parameters are not valid.";
        /// The limit of a page is out of range.
        InvalidLimit: "invalid_limit", Some("limit"), "The limit is out of range.";
        /// A cursor of history or of the event log is not valid.
        InvalidCursor: "invalid_cursor", None, "The cursor is not valid.";
        /// The search has no word.
        SearchEmpty: "search_empty", Some("q"), "The search has no word to look for.";
        /// The search is too long.
        SearchTooLong: "search_too_long", Some("q"), "The search is too long.";
        /// An operator of the search has no valid value.
        InvalidSearch: "invalid_search", Some("q"), "The search is not valid.";
        /// The message has no visible character.
        MessageEmpty: "message_empty", Some("body"), "The message is empty.";
        /// The message is longer than `HUBBUB_MAX_MESSAGE_CHARS`.
        MessageTooLong: "message_too_long", Some("body"), "The message is too long (HUBBUB_MAX_MESSAGE_CHARS).";
        /// A text contains a control character.
        InvalidText: "invalid_text", None, "The text contains a control character.";
        /// The client id is empty, too long, or not the one of `Idempotency-Key`.
        InvalidClientId: "invalid_client_id", Some("client_id"), "The client_id is not valid.";
        /// More files are attached than `HUBBUB_MAX_FILES_PER_MESSAGE`.
        TooManyFiles: "too_many_files", Some("file_ids"), "The message has too many files (HUBBUB_MAX_FILES_PER_MESSAGE).";
        /// A file is attached twice.
        DuplicateFile: "duplicate_file", Some("file_ids"), "A file is attached twice.";
        /// The message to be answered is not in the room, or was deleted.
        InvalidReply: "invalid_reply", Some("reply_to_id"), "The message to answer is not in this room, or was deleted.";
        /// The reaction is neither an emoji nor a short text.
        InvalidReaction: "invalid_reaction", Some("emoji"), "A reaction is an emoji, or 1 to 16 characters without spaces.";
        /// The message has as many different emoji as `HUBBUB_MAX_REACTIONS_PER_MESSAGE` allows.
        TooManyReactions: "too_many_reactions", Some("emoji"),
            "The message has too many different reactions (HUBBUB_MAX_REACTIONS_PER_MESSAGE).";
        /// The room's name is empty.
        RoomNameEmpty: "room_name_empty", Some("name"), "The room's name is empty.";
        /// The room's name is too long.
        RoomNameTooLong: "room_name_too_long", Some("name"), "The room's name is too long.";
        /// The room's topic is too long.
        RoomTopicTooLong: "room_topic_too_long", Some("topic"), "The room's topic is too long.";
        /// The kind of the room is unknown.
        InvalidRoomKind: "invalid_room_kind", Some("kind"), "A room is \"open\" or \"closed\".";
        /// The number of days is out of range.
        InvalidRetentionDays: "invalid_retention_days", Some("retention_days"), "The number of days is out of range.";
        /// A closed or an archived room cannot be joined by every new person.
        InvalidDefaultRoom: "invalid_default_room", Some("is_default"),
            "Only an open room that is not archived can be a default room.";
        /// The document's title is empty.
        DocumentTitleEmpty: "document_title_empty", Some("title"), "The document's title is empty.";
        /// The document's title is too long.
        DocumentTitleTooLong: "document_title_too_long", Some("title"), "The document's title is too long.";
        /// The bytes are not a Yjs update of a text.
        InvalidUpdate: "invalid_update", None, "This is not a Yjs update of a text.";
        /// The bytes are not a Yjs state vector.
        InvalidStateVector: "invalid_state_vector", Some("sv"), "This is not a Yjs state vector in base64.";
        /// The user name has other characters than are allowed, or too few or too many.
        InvalidUsername: "invalid_username", Some("username"), "The user name is not valid.";
        /// The person's name is empty.
        NameEmpty: "name_empty", Some("name"), "The name is empty.";
        /// The person's name is too long.
        NameTooLong: "name_too_long", Some("name"), "The name is too long.";
        /// The password is shorter than `HUBBUB_MIN_PASSWORD_CHARS`.
        PasswordTooShort: "password_too_short", Some("password"), "The password is too short.";
        /// The password is too long.
        PasswordTooLong: "password_too_long", Some("password"), "The password is too long.";
        /// The role is unknown.
        InvalidRole: "invalid_role", Some("role"), "A role is \"member\" or \"administrator\".";
        /// The webhook's URL cannot be called.
        InvalidWebhookUrl: "invalid_webhook_url", Some("url"), "The webhook's URL is not valid.";
        /// A name is no kind of event, or none was named.
        InvalidEventTypes: "invalid_event_types", Some("events"), "The list of events is not valid.";
        /// The number of hours is out of range.
        InvalidExpiresInHours: "invalid_expires_in_hours", Some("expires_in_hours"),
            "The number of hours is out of range.";
        /// The socket id does not look like `123.456`.
        InvalidSocketId: "invalid_socket_id", Some("socket_id"), "A socket_id looks like 123.456.";
        /// The file's name is empty or too long.
        InvalidFileName: "invalid_file_name", Some("name"), "The file's name is not valid.";
    }
    429 {
        /// Too many attempts to sign in.
        TooManyAttempts: "too_many_attempts", None,
            "Too many attempts to sign in; wait a moment (HUBBUB_SIGN_INS_PER_MINUTE).";
        /// A person or an address has used up one of its rations.
        RationUsedUp: "ration_used_up", None, "You have done this too often; try again in a moment.";
        /// The bytes of files that a person may have are used up.
        FileBytesUsedUp: "file_bytes_used_up", None, "Your ration of bytes in files is used up (HUBBUB_FILE_BYTES).";
        /// The bytes of files without a message that a person may have are used up.
        UnattachedBytesUsedUp: "unattached_bytes_used_up", None,
            "Your ration of bytes in files that belong to no message is used up (HUBBUB_UNATTACHED_BYTES).";
        /// A room has as many documents as it may.
        RoomDocumentsUsedUp: "room_documents_used_up", None,
            "The room has as many documents as it may (HUBBUB_DOCUMENTS_PER_ROOM).";
        /// The bytes of documents that a person may have are used up.
        DocumentBytesUsedUp: "document_bytes_used_up", None,
            "The ration of bytes in documents is used up by whoever made this one (HUBBUB_DOCUMENT_BYTES).";
    }
    500 {
        /// A fault of the program. The answer says nothing of it; the log does.
        Internal: "internal", None, "The server failed; its log has the reason.";
    }
    503 {
        /// A queue is full.
        Busy: "busy", None, "The server is busy; try again in a moment.";
        /// The database cannot be used at present.
        Unavailable: "unavailable", None, "The server cannot do this at present; try again in a moment.";
        /// Reading took longer than `HUBBUB_READ_TIMEOUT_SECS` and was ended.
        ReadTimeout: "read_timeout", None, "Reading took too long and was ended (HUBBUB_READ_TIMEOUT_SECS).";
        /// The process is about to end.
        ShuttingDown: "shutting_down", None, "The server is about to restart.";
        /// As many event streams are open as `HUBBUB_MAX_EVENT_STREAMS` allows.
        TooManyEventStreams: "too_many_event_streams", None,
            "Too many event streams are open (HUBBUB_MAX_EVENT_STREAMS).";
    }
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// The stable code, such as `room_not_found`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().1
    }

    /// The field of the request that is at fault, when it is always the same one.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        self.row().2
    }

    /// What the caller is told unless there is more to say, such as the limit's value.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.row().3
    }
}

impl std::fmt::Display for Refusal {
    /// Writes the sentence, as a person at a terminal and a reader of the log see it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.sentence())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use super::*;

    #[test]
    fn a_code_stands_for_one_refusal() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }

    /// The rows look like `| 403 | `not_allowed`, … |`, or `| 422, a message | … |`: a status may have several.
    #[test]
    fn the_documentation_lists_every_code_under_its_status_and_no_other() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
        let text = fs::read_to_string(path).expect("the documentation is there");
        let (_, table) = text.split_once("## All error codes").expect("the table's heading");
        let mut documented: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
        for row in table.lines().filter(|line| line.starts_with("| ")) {
            let mut cells = row.split('|').skip(1);
            let status = cells.next().and_then(|cell| cell.trim().split(',').next()?.parse().ok());
            let Some((status, codes)) = status.zip(cells.next()) else { continue };
            documented.entry(status).or_default().extend(codes.split('`').skip(1).step_by(2));
        }
        let mut declared: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
        for refusal in Refusal::ALL {
            declared.entry(refusal.status()).or_default().insert(refusal.code());
        }
        assert_eq!(documented, declared);
    }
}
