//! Versions: earlier texts of documents.

use diesel::prelude::*;

use crate::domain::{DocumentId, DocumentVersion, Refusal, Timestamp, UserId};
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::schema::{document_versions, users};
use crate::store::people::rows::AuthorRow;
use crate::store::{Store, StoreError};

use super::rows::document_for_member;

/// A version without its text.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = document_versions, check_for_backend(MultiBackend))]
struct VersionRow {
    number: i64,
    revision: i64,
    bytes: i64,
    saved_at: i64,
}

impl VersionRow {
    fn by(self, author: AuthorRow) -> DocumentVersion {
        DocumentVersion {
            number: self.number,
            created_at: Timestamp(self.saved_at),
            created_by: author.into(),
            revision: self.revision,
            bytes: self.bytes,
        }
    }
}

impl Store {
    /// The versions that a document keeps, the newest first.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`].
    pub async fn document_versions(&self, viewer: UserId, id: DocumentId) -> Result<Vec<DocumentVersion>, StoreError> {
        self.read_snapshot(move |connection| {
            document_for_member(connection, viewer, id)?;
            let rows: Vec<(VersionRow, AuthorRow)> = document_versions::table
                .inner_join(users::table)
                .filter(document_versions::document_id.eq(id.0))
                .order(document_versions::number.desc())
                .select((VersionRow::as_select(), AuthorRow::as_select()))
                .load(connection)?;
            Ok(rows.into_iter().map(|(version, author)| version.by(author)).collect())
        })
        .await
    }

    /// A version with its text.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`], [`Refusal::VersionNotFound`].
    pub async fn document_version(
        &self,
        viewer: UserId,
        id: DocumentId,
        number: i64,
    ) -> Result<(DocumentVersion, String), StoreError> {
        self.read_snapshot(move |connection| {
            document_for_member(connection, viewer, id)?;
            let found: Option<(VersionRow, AuthorRow, String)> = document_versions::table
                .inner_join(users::table)
                .filter(document_versions::document_id.eq(id.0).and(document_versions::number.eq(number)))
                .select((VersionRow::as_select(), AuthorRow::as_select(), document_versions::text))
                .first(connection)
                .optional()?;
            let (version, author, text) = found.ok_or(StoreError::Refused(Refusal::VersionNotFound))?;
            Ok((version.by(author), text))
        })
        .await
    }
}
