//! Consistency check of the database: counters, logs, messages and references.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::yjs::read_text;
use crate::domain::{EventKind, SubjectKind, render_markdown, word_list};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{documents, messages};

use super::inspect::{Snapshot, damage};

/// An inconsistency, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(String);

impl Finding {
    pub(in crate::store) const fn new(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Snapshot {
    /// Looks for inconsistencies. What cannot be read, such as a damaged page, is a finding too, and the rest is looked
    /// at.
    pub fn check(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.attempt("the database's pages", &mut findings, |connection| {
            Ok(damage(connection)?.into_iter().map(Finding).collect())
        });
        let indexed = match &self.connection {
            DbConnection::Sqlite(_) => "message_search.rowid",
            DbConnection::Postgres(_) => "message_search.message_id",
        };
        for rule in RULES {
            let query = PLACEHOLDERS.iter().fold(rule.query.replace("{indexed}", indexed), |query, (name, subject)| {
                query.replace(name, &kinds_about(*subject))
            });
            self.attempt(rule.finding, &mut findings, |connection| {
                let broken: Vec<Broken> = diesel::sql_query(query).load(connection)?;
                let finding = |row: Broken| Finding(rule.finding.replace("{}", &row.id.to_string()));
                Ok(broken.into_iter().map(finding).collect())
            });
        }
        self.check_messages(&mut findings);
        self.check_documents(&mut findings);
        findings
    }

    /// Makes one check, and notes why it cannot be made: the others can be, after a savepoint.
    fn attempt(
        &mut self,
        what: &str,
        findings: &mut Vec<Finding>,
        check: impl FnOnce(&mut DbConnection) -> Result<Vec<Finding>, StoreError>,
    ) {
        match self.connection.transaction(check) {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(Finding(format!("cannot be checked: {what}: {error}"))),
        }
    }

    /// Looks for messages whose HTML is not what their text renders to.
    fn check_messages(&mut self, findings: &mut Vec<Finding>) {
        let mut range = None;
        self.attempt("the messages", findings, |connection| {
            let ends = (diesel::dsl::min(messages::id), diesel::dsl::max(messages::id));
            range = Some(messages::table.select(ends).first::<(Option<i64>, Option<i64>)>(connection)?);
            Ok(Vec::new())
        });
        let Some((Some(first), Some(last))) = range else { return };
        let mut from = first;
        // In ranges of ids, so that one that cannot be read is left behind.
        while from <= last {
            let to = from.saturating_add(MESSAGES_AT_ONCE - 1);
            self.attempt(&format!("messages {from} to {to}"), findings, |connection| {
                let rows: Vec<(i64, String, String)> = messages::table
                    .filter(messages::id.between(from, to).and(messages::deleted_at.is_null()))
                    .order(messages::id)
                    .select((messages::id, messages::body, messages::html))
                    .load(connection)?;
                let other = rows.into_iter().filter(|(_, body, html)| render_markdown(body) != *html);
                let finding = |id| Finding(format!("message {id}: its html is not what its text renders to"));
                Ok(other.map(|(id, _, _)| finding(id)).collect())
            });
            from = to.saturating_add(1);
        }
    }

    /// Looks for documents whose Yjs state cannot be read, or differs from the stored text, words or length.
    fn check_documents(&mut self, findings: &mut Vec<Finding>) {
        let mut ids: Vec<i64> = Vec::new();
        self.attempt("the documents", findings, |connection| {
            ids = documents::table.order(documents::id).select(documents::id).load(connection)?;
            Ok(Vec::new())
        });
        for id in ids {
            self.attempt(&format!("document {id}"), findings, |connection| {
                Ok(check_document(connection, id)?.into_iter().collect())
            });
        }
    }
}

/// How many messages are in memory at a time.
const MESSAGES_AT_ONCE: i64 = 256;

fn check_document(connection: &mut DbConnection, id: i64) -> QueryResult<Option<Finding>> {
    let content: (Vec<u8>, i64, String, String) = documents::table
        .find(id)
        .select((documents::state, documents::bytes, documents::text, documents::words))
        .first(connection)?;
    let (state, bytes, text, words) = content;
    let finding = match read_text(&state) {
        Err(error) => Some(error.to_string()),
        Ok(now) if now.text != text || word_list(&text) != words => {
            Some("its text is not that of its state".to_owned())
        }
        Ok(_) if i64::try_from(state.len()) != Ok(bytes) => Some("its state has another length".to_owned()),
        Ok(_) => None,
    };
    Ok(finding.map(|finding| Finding(format!("document {id}: {finding}"))))
}

/// What stands in a query for the kinds of events about a subject, and for all kinds.
const PLACEHOLDERS: [(&str, Option<SubjectKind>); 5] = [
    ("{about_room}", Some(SubjectKind::Room)),
    ("{about_message}", Some(SubjectKind::Message)),
    ("{about_member}", Some(SubjectKind::Member)),
    ("{about_document}", Some(SubjectKind::Document)),
    ("{any_kind}", None),
];

/// A list for SQL's `IN`: `('room.created', 'room.changed')`.
fn kinds_about(subject: Option<SubjectKind>) -> String {
    let kinds = EventKind::ALL.iter().filter(|kind| subject.is_none_or(|subject| kind.subject() == subject));
    format!("({})", kinds.map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", "))
}

/// A rule, and the query for the rows that break it.
struct Rule {
    /// `{}` stands for the id that the query finds.
    finding: &'static str,
    /// `{indexed}` stands for the column of the search index that says which message it is about; see also
    /// [`PLACEHOLDERS`].
    query: &'static str,
}

#[derive(QueryableByName)]
struct Broken {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Log entries up to a room's `log_floor` were removed by retention, so no rule expects them. The queries run on both
/// databases.
const RULES: [Rule; 16] = [
    Rule {
        finding: "room {}: the log has a gap, or does not end at the room's last_seq",
        query: "SELECT rooms.id FROM rooms LEFT JOIN (SELECT room_id, count(*) AS n, min(seq) AS low, max(seq) AS high \
                FROM events GROUP BY room_id) AS log ON log.room_id = rooms.id \
                WHERE coalesce(log.n, 0) <> rooms.last_seq - rooms.log_floor \
                OR (log.n > 0 AND (log.low <> rooms.log_floor + 1 OR log.high <> rooms.last_seq)) ORDER BY rooms.id",
    },
    Rule {
        finding: "room {}: the messages' numbers have a gap, or do not end at the room's message_count",
        query: "SELECT rooms.id FROM rooms LEFT JOIN (SELECT messages.room_id, count(DISTINCT number) AS n, \
                count(*) AS all_of_them, min(number) AS low, max(number) AS high FROM messages \
                INNER JOIN rooms AS place ON place.id = messages.room_id WHERE messages.seq > place.log_floor \
                GROUP BY messages.room_id) AS kept ON kept.room_id = rooms.id \
                WHERE (kept.n > 0 AND (kept.high <> rooms.message_count OR kept.high - kept.low + 1 <> kept.n \
                OR kept.all_of_them <> kept.n)) \
                OR (rooms.log_floor = 0 AND coalesce(kept.n, 0) <> rooms.message_count) ORDER BY rooms.id",
    },
    Rule {
        finding: "room {}: messages are not numbered in the order of the log",
        query: "SELECT DISTINCT room_id AS id FROM (SELECT room_id, number, \
                lag(number) OVER (PARTITION BY room_id ORDER BY seq) AS earlier FROM messages) AS ordered \
                WHERE number <= earlier ORDER BY id",
    },
    Rule {
        finding: "message {}: the log does not say that it was posted",
        query: "SELECT messages.id FROM messages INNER JOIN rooms ON rooms.id = messages.room_id \
                LEFT JOIN events ON events.room_id = messages.room_id AND events.seq = messages.seq \
                WHERE messages.seq > rooms.log_floor AND (events.message_id IS NULL \
                OR events.message_id <> messages.id OR events.kind <> 'message.posted') ORDER BY messages.id",
    },
    Rule {
        finding: "message {}: it was to be removed with the log that speaks of it",
        query: "SELECT messages.id FROM messages INNER JOIN rooms ON rooms.id = messages.room_id \
                WHERE messages.seq <= rooms.log_floor \
                AND NOT EXISTS (SELECT 1 FROM events WHERE events.message_id = messages.id) ORDER BY messages.id",
    },
    Rule {
        finding: "room {}: the log speaks of messages that are not in the room, or posts one twice",
        query: "SELECT DISTINCT events.room_id AS id FROM events \
                LEFT JOIN messages ON messages.id = events.message_id AND messages.room_id = events.room_id \
                WHERE events.kind IN {about_message} AND (messages.id IS NULL OR messages.seq > events.seq \
                OR (events.kind = 'message.posted' AND messages.seq <> events.seq)) ORDER BY id",
    },
    Rule {
        finding: "room {}: the log has an entry without what it speaks of",
        query: "SELECT DISTINCT room_id AS id FROM events WHERE (kind IN {about_member} AND member_id IS NULL) \
                OR (kind IN {about_room} AND data IS NULL) OR (kind IN {about_document} AND document_id IS NULL) \
                OR kind NOT IN {any_kind} ORDER BY id",
    },
    Rule {
        finding: "room {}: the log speaks of documents that are not in the room",
        query: "SELECT DISTINCT events.room_id AS id FROM events \
                INNER JOIN documents ON documents.id = events.document_id \
                WHERE documents.room_id <> events.room_id ORDER BY id",
    },
    Rule {
        finding: "document {}: a version of it was saved after it, or is numbered out of order",
        query: "SELECT DISTINCT documents.id FROM documents INNER JOIN (SELECT document_id, revision, \
                lag(revision) OVER (PARTITION BY document_id ORDER BY number) AS earlier FROM document_versions) AS kept \
                ON kept.document_id = documents.id WHERE kept.revision >= documents.revision \
                OR kept.revision <= kept.earlier ORDER BY documents.id",
    },
    Rule {
        finding: "room {}: a member has read what was not posted, or joined what has not happened",
        query: "SELECT DISTINCT rooms.id FROM memberships INNER JOIN rooms ON rooms.id = memberships.room_id \
                WHERE memberships.read_number NOT BETWEEN 0 AND rooms.message_count \
                OR memberships.joined_seq NOT BETWEEN 1 AND rooms.last_seq ORDER BY rooms.id",
    },
    Rule {
        finding: "room {}: a member's count of unread messages is not that of the messages",
        query: "SELECT DISTINCT rooms.id FROM memberships INNER JOIN rooms ON rooms.id = memberships.room_id \
                WHERE (memberships.read_number = rooms.message_count AND memberships.uncounted <> 0) \
                OR (memberships.read_number < rooms.message_count \
                AND rooms.message_count - memberships.read_number - memberships.uncounted \
                <> (SELECT count(*) FROM messages WHERE messages.room_id = rooms.id \
                AND messages.number > memberships.read_number AND messages.author_id <> memberships.user_id \
                AND messages.deleted_at IS NULL)) ORDER BY rooms.id",
    },
    Rule {
        finding: "user {}: the account has an unknown role, or no name",
        query: "SELECT id FROM users WHERE role NOT IN ('administrator', 'member') OR folded_name = '' ORDER BY id",
    },
    Rule {
        finding: "message {}: the search index does not have it",
        query: "SELECT messages.id FROM messages LEFT JOIN message_search ON {indexed} = messages.id \
                WHERE messages.deleted_at IS NULL AND {indexed} IS NULL ORDER BY messages.id",
    },
    Rule {
        finding: "message {}: the search index has it, but it was taken back or does not exist",
        query: "SELECT {indexed} AS id FROM message_search LEFT JOIN messages ON messages.id = {indexed} \
                WHERE messages.id IS NULL OR messages.deleted_at IS NOT NULL ORDER BY id",
    },
    Rule {
        finding: "file {}: its message is in another room, was taken back or does not exist",
        query: "SELECT files.id FROM files LEFT JOIN messages ON messages.id = files.message_id \
                WHERE files.message_id IS NOT NULL AND (messages.id IS NULL OR messages.deleted_at IS NOT NULL \
                OR messages.room_id <> files.room_id) ORDER BY files.id",
    },
    Rule {
        finding: "delivery {}: it is to be sent, and no job sends it",
        query: "SELECT id FROM webhook_deliveries WHERE status = 'pending' AND NOT EXISTS (SELECT 1 FROM jobs \
                WHERE jobs.unique_key = 'webhook.deliver:' || webhook_deliveries.id AND jobs.dead_at IS NULL) ORDER BY id",
    },
];
