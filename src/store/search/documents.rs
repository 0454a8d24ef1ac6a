//! Finding documents: `Store::search_documents`.
//!
//! Documents are few and long and may change every few seconds; messages are many and short and hardly change. So
//! documents have no index: the column `words` has the words of the text as one list, and a search reads the lists of
//! all documents in the viewer's rooms.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::domain::{
    Document, MIN_INNER_CHARS, Phrase, RoomId, SNIPPET_SOURCE_CHARS, SearchQuery, SnippetPart, UserId, snippet,
};
use crate::store::documents::rows::{DocumentRow, with_people};
use crate::store::engine::connection::DbConnection;
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
    // One character more than is looked at, so that a snippet knows that the text goes on.
    let beginning = format!("substr(documents.text, 1, {})", SNIPPET_SOURCE_CHARS + 1);
    let mut wanted = documents::table
        .filter(documents::room_id.eq_any(rooms.keys().map(|id| id.0).collect::<Vec<_>>()))
        .filter(documents::deleted_at.is_null())
        .order((documents::updated_at.desc(), documents::id.desc()))
        .limit(limit)
        .select((DocumentRow::as_select(), sql::<Text>(&beginning)))
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
    for phrase in &query.phrases {
        let (pattern, other) = patterns(phrase);
        let in_title = documents::title_words.like(pattern.clone()).or(documents::title_words.like(other.clone()));
        let in_text = documents::words.like(pattern).or(documents::words.like(other));
        wanted = wanted.filter(in_title.or(in_text));
    }
    let (rows, texts): (Vec<DocumentRow>, Vec<String>) =
        wanted.load::<(DocumentRow, String)>(connection)?.into_iter().unzip();
    let hit = |(document, text): (Document, String)| DocumentHit {
        room_name: rooms.get(&RoomId(document.room_id.0)).cloned().unwrap_or_default(),
        snippet: snippet(&text, &query.phrases),
        document,
    };
    Ok(with_people(connection, rows)?.into_iter().zip(texts).map(hit).collect())
}

/// What `LIKE` looks for in a list of words: either way in which the phrase can be cut. Words have letters, digits, marks
/// and emoji only, so nothing needs escaping.
fn patterns(phrase: &Phrase) -> (String, String) {
    let pattern = |cut: &Vec<String>| {
        let words = cut.join(" ");
        let is_inner = cut.first().is_some_and(|first| first.chars().count() >= MIN_INNER_CHARS);
        match phrase.is_open {
            true if is_inner => format!("%{words}%"),
            true => format!("% {words}%"),
            false => format!("% {words} %"),
        }
    };
    let mut patterns = phrase.cuts.iter().map(pattern);
    let first = patterns.next().unwrap_or_default();
    let last = patterns.next_back().unwrap_or_else(|| first.clone());
    (first, last)
}
