//! Finding documents: `Store::search_documents`.
//!
//! Documents are few and long and may change every few seconds; messages are many and short and hardly change. So
//! documents have no index: the column `words` has the words of the text as one list, and a search reads the lists of
//! all documents in the viewer's rooms.

use diesel::prelude::*;

use crate::domain::{Document, Phrase, RoomId, SearchQuery, SnippetPart, UserId, snippet, words};
use crate::store::documents::rows::{DocumentRow, with_people};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::documents;
use crate::store::{Store, StoreError};

use super::find::{authors, rooms_to_search};

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

/// From this length on a part of a word is found inside of words, as in messages.
const MIN_INNER_CHARS: usize = 3;

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
        limit: i64,
    ) -> Result<Vec<DocumentHit>, StoreError> {
        self.read_search(move |connection| search(connection, viewer, &query, limit)).await
    }
}

fn search(
    connection: &mut DbConnection,
    viewer: UserId,
    query: &SearchQuery,
    limit: i64,
) -> Result<Vec<DocumentHit>, StoreError> {
    let rooms = rooms_to_search(connection, viewer, &query.rooms)?;
    if rooms.is_empty() || !query.has.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = documents::table
        .filter(documents::room_id.eq_any(rooms.keys().map(|id| id.0).collect::<Vec<_>>()))
        .order((documents::updated_at.desc(), documents::id.desc()))
        .limit(limit)
        .select((DocumentRow::as_select(), documents::text))
        .into_boxed();
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
        let pattern = pattern(phrase);
        wanted = wanted.filter(documents::title_words.like(pattern.clone()).or(documents::words.like(pattern)));
    }
    let (rows, texts): (Vec<DocumentRow>, Vec<String>) =
        wanted.load::<(DocumentRow, String)>(connection)?.into_iter().unzip();
    let hit = |(document, text): (Document, String)| DocumentHit {
        room_name: rooms.get(&RoomId(document.room_id.0)).cloned().unwrap_or_default(),
        snippet: snippet(&text, &shown(&text, &query.phrases)),
        document,
    };
    Ok(with_people(connection, rows)?.into_iter().zip(texts).map(hit).collect())
}

/// What `LIKE` looks for in a list of words. Words have letters, digits and marks only, so nothing needs escaping.
fn pattern(phrase: &Phrase) -> String {
    match open_part(phrase) {
        Some(part) if part.chars().count() >= MIN_INNER_CHARS => format!("%{part}%"),
        Some(part) => format!("% {part}%"),
        None => format!("% {} %", phrase.words.join(" ")),
    }
}

/// The word that also stands for longer ones.
fn open_part(phrase: &Phrase) -> Option<&str> {
    match phrase.words.as_slice() {
        [part] if phrase.is_open => Some(part),
        _ => None,
    }
}

/// What the snippet of a text marks: the phrases, and the text's words that an open part stands for.
fn shown(text: &str, phrases: &[Phrase]) -> Vec<Vec<String>> {
    let mut shown = Vec::new();
    for phrase in phrases {
        let Some(part) = open_part(phrase) else {
            shown.push(phrase.words.clone());
            continue;
        };
        let is_inner = part.chars().count() >= MIN_INNER_CHARS;
        let stands_for = |word: &String| word.starts_with(part) || (is_inner && word.contains(part));
        let mut longer: Vec<String> = words(text).into_iter().map(|word| word.text).filter(stands_for).collect();
        longer.sort_unstable();
        longer.dedup();
        shown.extend(longer.into_iter().map(|word| vec![word]));
    }
    shown
}
