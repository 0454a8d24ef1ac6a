//! Finding documents: `Store::search_documents`.
//!
//! Documents are few and long and may change every few seconds; messages are many and short and hardly change. So
//! documents have no index: the column `words` has the words of the text as one list, and a search reads the lists of
//! all documents in the viewer's rooms. Postgres matches them with `LIKE`, and ends that when it is told to. SQLite cannot
//! end a `LIKE` in a long text, so there they are matched here, one document after the other, as long as somebody waits.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use memchr::memmem;

use crate::domain::{
    Document, MIN_INNER_CHARS, Phrase, RoomId, SNIPPET_SOURCE_CHARS, SearchQuery, SnippetPart, UserId, snippet,
};
use crate::store::documents::rows::{DocumentRow, with_people};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::reads::is_read_cancelled;
use crate::store::engine::schema::documents;
use crate::store::{Store, StoreError};

use super::find::{Archive, authors, rooms_to_search};

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentHit {
    /// The document.
    pub document: Document,
    /// The name of its room.
    pub room_name: String,
    /// The part of its text that shows why it was found.
    pub snippet: Vec<SnippetPart>,
}

impl Store {
    /// Documents in the rooms of `viewer` that match the query, last updated first. Each word may be in the title or in
    /// the text; `from:` matches who made it or saved it last, days match its last save. No documents when the query
    /// has `has:`, which is about messages.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`](crate::domain::Refusal::RoomNotFound) when `in:` names no room of the viewer, [`Refusal::UserNotFound`](crate::domain::Refusal::UserNotFound) when nobody has
    /// the user name after `from:`.
    pub async fn search_documents(
        &self,
        viewer: UserId,
        query: SearchQuery,
        archive: Archive,
        limit: i64,
    ) -> Result<Vec<DocumentHit>, StoreError> {
        self.read_search(move |connection| search(connection, viewer, &query, archive, limit)).await
    }
}

fn search(
    connection: &mut DbConnection,
    viewer: UserId,
    query: &SearchQuery,
    archive: Archive,
    limit: i64,
) -> Result<Vec<DocumentHit>, StoreError> {
    let rooms = rooms_to_search(connection, viewer, &query.rooms, archive)?;
    if rooms.is_empty() || !query.has.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = documents::table
        .filter(documents::room_id.eq_any(rooms.keys().map(|id| id.0).collect::<Vec<_>>()))
        .filter(documents::deleted_at.is_null())
        .order((documents::updated_at.desc(), documents::id.desc()))
        .select(documents::id)
        .into_boxed();
    if archive == Archive::Excluded {
        wanted = wanted.filter(documents::archived_at.is_null());
    }
    if !query.from.is_empty() {
        let people: Vec<i64> = authors(connection, &query.from)?.into_iter().map(|id| id.0).collect();
        wanted = wanted.filter(documents::created_by.eq_any(people.clone()).or(documents::updated_by.eq_any(people)));
    }
    if let Some(since) = query.since {
        wanted = wanted.filter(documents::updated_at.ge(since.0));
    }
    if let Some(until) = query.until {
        wanted = wanted.filter(documents::updated_at.lt(until.0));
    }
    let found: Vec<i64> = if matches!(connection, DbConnection::Sqlite(_)) {
        let candidates = wanted.load(connection)?;
        matching(connection, candidates, &query.phrases, limit)?
    } else {
        for phrase in &query.phrases {
            let [pattern, other] = sequences(phrase).map(|sequence| format!("%{sequence}%"));
            let in_title = documents::title_words.like(pattern.clone()).or(documents::title_words.like(other.clone()));
            let in_text = documents::words.like(pattern).or(documents::words.like(other));
            wanted = wanted.filter(in_title.or(in_text));
        }
        wanted.limit(limit).load(connection)?
    };
    // One character more than is looked at, so that a snippet knows that the text goes on.
    let beginning = format!("substr(documents.text, 1, {})", SNIPPET_SOURCE_CHARS + 1);
    let (rows, texts): (Vec<DocumentRow>, Vec<String>) = documents::table
        .filter(documents::id.eq_any(found))
        .order((documents::updated_at.desc(), documents::id.desc()))
        .select((DocumentRow::as_select(), sql::<Text>(&beginning)))
        .load::<(DocumentRow, String)>(connection)?
        .into_iter()
        .unzip();
    let hit = |(document, text): (Document, String)| DocumentHit {
        room_name: rooms.get(&RoomId(document.room_id.0)).cloned().unwrap_or_default(),
        snippet: snippet(&text, &query.phrases),
        document,
    };
    Ok(with_people(connection, rows)?.into_iter().zip(texts).map(hit).collect())
}

/// Those of the candidates that have all phrases in their title or text, at most `limit`, in the same order. Ends when
/// nobody waits any more; what was found until then is not seen by anybody.
fn matching(
    connection: &mut DbConnection,
    candidates: Vec<i64>,
    phrases: &[Phrase],
    limit: i64,
) -> QueryResult<Vec<i64>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for id in candidates {
        if found.len() == limit || is_read_cancelled() {
            break;
        }
        let has_all = phrases.is_empty() || {
            let lists = documents::table.find(id).select((documents::title_words, documents::words));
            let (title, text): (String, String) = lists.first(connection)?;
            phrases.iter().all(|phrase| !is_read_cancelled() && (has(&title, phrase) || has(&text, phrase)))
        };
        if has_all {
            found.push(id);
        }
    }
    Ok(found)
}

/// Whether a list of words has the phrase, in either way in which it can be cut. Takes time in proportion to the list.
fn has(words: &str, phrase: &Phrase) -> bool {
    sequences(phrase).iter().any(|sequence| memmem::find(words.as_bytes(), sequence.as_bytes()).is_some())
}

/// What to look for in a list of words: either way in which the phrase can be cut. Words have letters, digits, marks and
/// emoji only, so nothing needs escaping.
fn sequences(phrase: &Phrase) -> [String; 2] {
    let sequence = |cut: &Vec<String>| {
        let words = cut.join(" ");
        let is_inner = cut.first().is_some_and(|first| first.chars().count() >= MIN_INNER_CHARS);
        match phrase.is_open {
            true if is_inner => words,
            true => format!(" {words}"),
            false => format!(" {words} "),
        }
    };
    let mut sequences = phrase.cuts.iter().map(sequence);
    let first = sequences.next().unwrap_or_default();
    let last = sequences.next_back().unwrap_or_else(|| first.clone());
    [first, last]
}
