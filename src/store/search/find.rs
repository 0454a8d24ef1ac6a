//! Finding messages: `Store::search`.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::{
    Message, MessageId, Phrase, Refusal, RoomId, SearchQuery, SnippetPart, Timestamp, UserId, snippet,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, messages, rooms, users};
use crate::store::messages::load::{MessageRow, load_messages};
use crate::store::messages::page::{PageSize, end_page};
use crate::store::people::rows::AuthorRow;
use crate::store::{Store, StoreError};

use super::entry::{from_term, has_term, room_term};
use super::vocabulary::{self, PlaceInWord};

/// Whether archived rooms and documents are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// Only what can be written, and the rooms that `in:` names.
    Excluded,
    /// All.
    Included,
}

/// A page of what was found, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// The messages.
    pub items: Vec<SearchHit>,
    /// Whether there are older ones.
    pub has_older: bool,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// The name of its room.
    pub room_name: String,
    /// The part of its text that shows why it was found, or the name of the file by which it was.
    pub snippet: Vec<SnippetPart>,
}

/// Messages that are searched one by one before the index is used, because Postgres cannot read its index from the
/// newest entry on. For a common word, this many of the newest messages contain a full page of hits, and reading them
/// takes a millisecond.
const NEWEST: i64 = 1_000;

/// SQLite can read its index from the newest entry on, but first finds the newest entry of each term, and a room is a
/// term. With more rooms than this it is quicker to find the newest hits in any room, and to keep those in the viewer's
/// rooms.
const MANY_ROOMS: usize = 8;

impl Store {
    /// Messages in the rooms of `viewer` that match the query, the newest first, older than `before`. A page ends early
    /// when its text and HTML would be longer than a page may be.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`] when `in:` names no room of the viewer, [`Refusal::UserNotFound`] when nobody has
    /// the user name after `from:`.
    pub async fn search(
        &self,
        viewer: UserId,
        query: SearchQuery,
        archive: Archive,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<SearchPage, StoreError> {
        let size = PageSize { rows: limit.max(1), bytes: self.page_bytes };
        self.read_search(move |connection| search(connection, viewer, &query, archive, before, size)).await
    }
}

fn search(
    connection: &mut DbConnection,
    viewer: UserId,
    query: &SearchQuery,
    archive: Archive,
    before: Option<MessageId>,
    size: PageSize,
) -> Result<SearchPage, StoreError> {
    let rooms = rooms_to_search(connection, viewer, &query.rooms, archive)?;
    if rooms.is_empty() {
        return Ok(SearchPage { items: Vec::new(), has_older: false });
    }
    let mut wanted = IndexQuery { viewer, rooms: rooms.keys().copied().collect(), all_of: Vec::new() };
    if !query.from.is_empty() {
        wanted.all_of.push(IndexQuery::any(authors(connection, &query.from)?.into_iter().map(from_term)));
    }
    wanted.all_of.extend(query.has.iter().map(|one| IndexQuery::any([has_term(*one)])));
    for phrase in &query.phrases {
        wanted.all_of.push(alternatives(connection, &wanted.rooms, phrase)?);
    }
    let since = query.since.map(|time| first_since(connection, time)).transpose()?.unwrap_or(0);
    let until = query.until.map(|time| first_since(connection, time)).transpose()?.unwrap_or(i64::MAX);
    let until = before.map_or(until, |before| until.min(before.0));
    let mut ids = wanted.find(connection, since, until, size.rows.saturating_add(1))?;
    let mut has_older = ids.len() > usize::try_from(size.rows).unwrap_or(usize::MAX);
    if has_older {
        ids.pop();
    }
    let hit = |message: Message| SearchHit {
        room_name: rooms.get(&message.room_id).cloned().unwrap_or_default(),
        snippet: snippet_of(&message, &query.phrases),
        message,
    };
    let mut messages = load(connection, viewer, ids)?;
    let found = messages.len();
    end_page(&mut messages, size.bytes, |message| message.body.len() + message.html.len());
    has_older |= messages.len() < found;
    let items = messages.into_iter().map(hit).collect();
    Ok(SearchPage { items, has_older })
}

/// The part of the text that shows why the message was found, or the name of the file that does.
fn snippet_of(message: &Message, phrases: &[Phrase]) -> Vec<SnippetPart> {
    let of_text = snippet(&message.body, phrases);
    let has_hit = |parts: &Vec<SnippetPart>| parts.iter().any(|part| part.is_hit);
    if has_hit(&of_text) {
        return of_text;
    }
    message.files.iter().map(|file| snippet(&file.name, phrases)).find(has_hit).unwrap_or(of_text)
}

/// What a phrase stands for: itself, and, while it is open, longer words of the rooms that may be searched. Nothing that
/// is written in other rooms changes the choice.
fn alternatives(connection: &mut DbConnection, rooms: &HashSet<RoomId>, phrase: &Phrase) -> QueryResult<Vec<Sequence>> {
    let mut alternatives = Vec::new();
    for cut in &phrase.cuts {
        alternatives.push(Sequence { terms: cut.clone(), is_open: phrase.is_open });
        let [first, others @ ..] = cut.as_slice() else { continue };
        if !phrase.is_open {
            continue;
        }
        let place = if others.is_empty() { PlaceInWord::Within } else { PlaceInWord::AtEnd };
        for longer in vocabulary::containing(connection, rooms, first, place)? {
            let terms = std::iter::once(longer).chain(others.iter().cloned()).collect();
            alternatives.push(Sequence { terms, is_open: !others.is_empty() });
        }
    }
    Ok(alternatives)
}

/// The viewer's rooms with their names: all, but archived ones only on request; or those that `in:` names.
pub(super) fn rooms_to_search(
    connection: &mut DbConnection,
    viewer: UserId,
    named: &[String],
    archive: Archive,
) -> Result<HashMap<RoomId, String>, StoreError> {
    let is_wanted = archive == Archive::Included || !named.is_empty();
    let mut mine: Vec<(i64, String)> = memberships::table
        .inner_join(rooms::table)
        .filter(memberships::user_id.eq(viewer.0))
        .filter(rooms::archived_at.is_null().or(is_wanted.into_sql::<Bool>()))
        .select((rooms::id, rooms::name))
        .load(connection)?;
    if !named.is_empty() {
        let is_named = |id: i64, name: &str| {
            named.iter().any(|one| one.parse() == Ok(id) || one.to_lowercase() == name.to_lowercase())
        };
        mine.retain(|(id, name)| is_named(*id, name));
        if mine.is_empty() {
            return Err(StoreError::Refused(Refusal::RoomNotFound));
        }
    }
    Ok(mine.into_iter().map(|(id, name)| (RoomId(id), name)).collect())
}

pub(super) fn authors(connection: &mut DbConnection, usernames: &[String]) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<i64> = users::table.filter(users::username.eq_any(usernames)).select(users::id).load(connection)?;
    if ids.is_empty() {
        return Err(StoreError::Refused(Refusal::UserNotFound));
    }
    Ok(ids.into_iter().map(UserId).collect())
}

/// The id of the first message since `time`. Ids rise with time, so a binary search finds it; an index over times would
/// make every post slower.
fn first_since(connection: &mut DbConnection, time: Timestamp) -> QueryResult<i64> {
    let newest: Option<i64> = messages::table.select(diesel::dsl::max(messages::id)).first(connection)?;
    let (mut low, mut high) = (0, newest.unwrap_or(0).saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = messages::table
            .filter(messages::id.ge(middle))
            .order(messages::id)
            .select((messages::id, messages::created_at))
            .first(connection)
            .optional()?;
        match found {
            Some((id, created_at)) if created_at < time.0 => low = id.saturating_add(1),
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// Terms that must follow each other.
#[derive(Clone)]
struct Sequence {
    terms: Vec<String>,
    /// Whether the last one stands also for longer ones.
    is_open: bool,
}

/// How an expression is written in the query language of a database.
struct Syntax {
    quote: char,
    /// Between the terms of a sequence.
    next: &'static str,
    /// Behind the last term of an open sequence.
    open: &'static str,
    or: &'static str,
    and: &'static str,
}

const FTS5: Syntax = Syntax { quote: '"', next: " + ", open: " *", or: " OR ", and: " AND " };
const TSQUERY: Syntax = Syntax { quote: '\'', next: " <-> ", open: ":*", or: " | ", and: " & " };

/// A query for the index.
struct IndexQuery {
    viewer: UserId,
    /// Rooms of the viewer; the message must be in one of them.
    rooms: HashSet<RoomId>,
    /// Of each element, one sequence must be in the message. Terms are words or our labels, and contain no character
    /// that is special in the query language of either database.
    all_of: Vec<Vec<Sequence>>,
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl IndexQuery {
    fn any(terms: impl IntoIterator<Item = String>) -> Vec<Sequence> {
        terms.into_iter().map(|term| Sequence { terms: vec![term], is_open: false }).collect()
    }

    /// The text of the query.
    fn expression(parts: &[Vec<Sequence>], syntax: &Syntax) -> String {
        let Syntax { quote, next, open, or, and } = syntax;
        let term = |term: &String| format!("{quote}{term}{quote}");
        let sequence = |sequence: &Sequence| {
            let terms = sequence.terms.iter().map(term).collect::<Vec<_>>().join(next);
            format!("({terms}{})", if sequence.is_open { open } else { "" })
        };
        let any = |alternatives: &Vec<Sequence>| {
            format!("({})", alternatives.iter().map(sequence).collect::<Vec<_>>().join(or))
        };
        parts.iter().map(any).collect::<Vec<_>>().join(and)
    }

    /// The parts of the query and then the rooms, which take longest to find.
    fn with_rooms(&self) -> Vec<Vec<Sequence>> {
        let rooms = Self::any(self.rooms.iter().map(|id| room_term(*id)));
        self.all_of.iter().cloned().chain([rooms]).collect()
    }

    /// The newest messages from `since` on and before `until`, the newest first.
    fn find(&self, connection: &mut DbConnection, since: i64, until: i64, limit: i64) -> QueryResult<Vec<i64>> {
        let found = match connection {
            DbConnection::Sqlite(sqlite) => self.find_in_sqlite(sqlite, since, until, limit)?,
            DbConnection::Postgres(postgres) => {
                let expression = Self::expression(&self.with_rooms(), &TSQUERY);
                let newest = find_in_postgres(postgres, PROBE_NEWEST, &expression, since, until, limit)?;
                if newest.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
                    find_in_postgres(postgres, ASK_INDEX, &expression, since, until, limit)?
                } else {
                    newest
                }
            }
        };
        Ok(found.into_iter().map(|row| row.id).collect())
    }

    fn find_in_sqlite(
        &self,
        sqlite: &mut SqliteConnection,
        since: i64,
        until: i64,
        limit: i64,
    ) -> QueryResult<Vec<FoundRow>> {
        let expression = |parts: &[Vec<Sequence>]| Self::expression(parts, &FTS5);
        if self.rooms.len() > MANY_ROOMS && !self.all_of.is_empty() {
            let probed = diesel::sql_query(PROBE_HITS)
                .bind::<BigInt, _>(self.viewer.0)
                .bind::<Text, _>(expression(&self.all_of))
                .bind::<BigInt, _>(since)
                .bind::<BigInt, _>(until)
                .bind::<BigInt, _>(NEWEST)
                .load::<ProbedRow>(sqlite)?;
            let is_all = probed.len() < usize::try_from(NEWEST).unwrap_or(usize::MAX);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mine = |row: &ProbedRow| row.room_id.is_some_and(|id| self.rooms.contains(&RoomId(id)));
            let found: Vec<FoundRow> =
                probed.into_iter().filter(mine).take(limit).map(|row| FoundRow { id: row.id }).collect();
            if is_all || found.len() == limit {
                return Ok(found);
            }
        }
        diesel::sql_query(
            "SELECT rowid AS id FROM message_search WHERE message_search MATCH ? AND rowid >= ? AND rowid < ? \
             ORDER BY rowid DESC LIMIT ?",
        )
        .bind::<Text, _>(expression(&self.with_rooms()))
        .bind::<BigInt, _>(since)
        .bind::<BigInt, _>(until)
        .bind::<BigInt, _>(limit)
        .load(sqlite)
    }
}

/// The newest hits in any room, each with its room when the viewer belongs to it.
const PROBE_HITS: &str = "SELECT hits.id AS id, memberships.room_id AS room_id FROM (\
     SELECT rowid AS id FROM message_search WHERE message_search MATCH ?2 AND rowid >= ?3 AND rowid < ?4 \
     ORDER BY rowid DESC LIMIT ?5) AS hits \
     CROSS JOIN messages ON messages.id = hits.id \
     LEFT JOIN memberships ON memberships.room_id = messages.room_id AND memberships.user_id = ?1 \
     ORDER BY hits.id DESC";

#[derive(QueryableByName)]
struct ProbedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    room_id: Option<i64>,
}

const PROBE_NEWEST: &str = "WITH newest AS MATERIALIZED (\
     SELECT message_id, terms FROM message_search WHERE message_id >= $2 AND message_id < $3 \
     ORDER BY message_id DESC LIMIT $5) \
     SELECT message_id AS id FROM newest WHERE terms @@ CAST($1 AS TSQUERY) ORDER BY message_id DESC LIMIT $4";

/// Materialised, for otherwise Postgres reads the messages from the newest on until it has found enough.
const ASK_INDEX: &str = "WITH hits AS MATERIALIZED (\
     SELECT message_id FROM message_search \
     WHERE terms @@ CAST($1 AS TSQUERY) AND message_id >= $2 AND message_id < $3 AND $5 > 0) \
     SELECT message_id AS id FROM hits ORDER BY message_id DESC LIMIT $4";

fn find_in_postgres(
    postgres: &mut PgConnection,
    sql: &str,
    expression: &str,
    since: i64,
    until: i64,
    limit: i64,
) -> QueryResult<Vec<FoundRow>> {
    diesel::sql_query(sql)
        .bind::<Text, _>(expression)
        .bind::<BigInt, _>(since)
        .bind::<BigInt, _>(until)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(NEWEST)
        .load(postgres)
}

/// The messages, the newest first. Checks the membership again: a faulty index must not show a message to somebody who
/// may not see it.
fn load(connection: &mut DbConnection, viewer: UserId, ids: Vec<i64>) -> QueryResult<Vec<Message>> {
    let place = memberships::room_id.eq(messages::room_id).and(memberships::user_id.eq(viewer.0));
    let found = messages::table
        .inner_join(users::table)
        .inner_join(memberships::table.on(place))
        .filter(messages::id.eq_any(ids).and(messages::deleted_at.is_null()))
        .order(messages::id.desc())
        .select((MessageRow::as_select(), AuthorRow::as_select()));
    load_messages(connection, found)
}
