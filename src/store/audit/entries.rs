//! Reading the trail, the newest first, and removing what is old.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::domain::{AuditAction, AuditEntry, Timestamp, UserId};
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::audit;
use crate::store::people::rows::require_administrator;
use crate::store::{Snapshot, Store, StoreError};

/// Which entries of the trail.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditQuery {
    /// Only entries before this id.
    pub before: Option<i64>,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only what this person did.
    pub user_id: Option<UserId>,
    /// At most so many.
    pub limit: i64,
}

impl Store {
    /// Entries of the trail, the newest first, for administrators.
    ///
    /// # Errors
    /// [`Refusal::AdministratorsOnly`](crate::domain::Refusal::AdministratorsOnly).
    pub async fn audit(&self, viewer: UserId, query: AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        self.read_snapshot(move |connection| {
            require_administrator(connection, viewer)?;
            Ok(entries(connection, query)?)
        })
        .await
    }
}

impl Snapshot {
    /// The same for whoever administers the machine.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn audit(&mut self, query: AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(entries(&mut self.connection, query)?)
    }
}

fn entries(connection: &mut DbConnection, query: AuditQuery) -> QueryResult<Vec<AuditEntry>> {
    let (any_action, any_user) = (query.action.is_none(), query.user_id.is_none());
    let is_of_action = audit::action.eq(query.action.map_or("", AuditAction::name)).or(any_action.into_sql::<Bool>());
    let user_id = query.user_id.map_or(0, |id| id.0);
    let is_of_user = audit::user_id.eq(user_id).assume_not_null().or(any_user.into_sql::<Bool>());
    let rows: Vec<AuditRow> = audit::table
        .filter(audit::id.lt(query.before.unwrap_or(i64::MAX)).and(is_of_action).and(is_of_user))
        .order(audit::id.desc())
        .limit(query.limit)
        .select(AuditRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(AuditEntry::from).collect())
}

/// Removes entries from before `kept_from`, at most `limit`. Answers how many.
pub(in crate::store) fn remove_old(
    connection: &mut DbConnection,
    kept_from: Timestamp,
    limit: i64,
) -> QueryResult<usize> {
    let old = audit::table.filter(audit::created_at.lt(kept_from.0)).limit(limit).select(audit::id);
    let old: Vec<i64> = old.load(connection)?;
    diesel::delete(audit::table.filter(audit::id.eq_any(&old))).execute(connection)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit, check_for_backend(MultiBackend))]
struct AuditRow {
    id: i64,
    created_at: i64,
    action: String,
    user_id: Option<i64>,
    username: Option<String>,
    address: Option<String>,
    subject: Option<String>,
    detail: Option<String>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            created_at: Timestamp(row.created_at),
            action: row.action,
            user_id: row.user_id.map(UserId),
            username: row.username,
            address: row.address.and_then(|address| address.parse().ok()),
            subject: row.subject,
            detail: row.detail,
        }
    }
}
