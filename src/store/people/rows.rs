//! Rows of people, and looking people up by their ids.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{PersonName, Refusal, Role, Timestamp, User, UserId, UserRef, Username};
use crate::store::StoreError;
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::error::damaged;
use crate::store::engine::schema::users;
use crate::store::engine::statement::{json_list, statement};

/// A person, without the password's hash.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(MultiBackend))]
pub(in crate::store) struct UserRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) name: String,
    pub(in crate::store) role: String,
    pub(in crate::store) created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            username: Username::stored(row.username),
            name: PersonName::stored(row.name),
            role: Role::from_name(&row.role).ok_or_else(|| damaged("users", row.id, "role"))?,
            created_at: Timestamp(row.created_at),
        })
    }
}

/// What is shown of a person beside a message.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(MultiBackend))]
pub(in crate::store) struct AuthorRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) name: String,
}

impl From<AuthorRow> for UserRef {
    fn from(row: AuthorRow) -> Self {
        Self { id: UserId(row.id), username: row.username, name: row.name }
    }
}

/// The person of that id.
pub(in crate::store) fn find_user(connection: &mut DbConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let found = users::table.find(id.0).select(UserRow::as_select()).first(connection).optional()?;
    found.map(User::try_from).transpose()
}

/// The person who makes a change. Their id comes from a valid token, so they are missing only if the database was
/// replaced.
pub(in crate::store) fn require_user(connection: &mut DbConnection, id: UserId) -> Result<User, StoreError> {
    find_user(connection, id)?.ok_or(StoreError::Refused(Refusal::UserNotFound))
}

/// The person who makes a change, who must be an administrator.
pub(in crate::store) fn require_administrator(connection: &mut DbConnection, id: UserId) -> Result<User, StoreError> {
    let user = require_user(connection, id)?;
    match user.role {
        Role::Administrator => Ok(user),
        Role::Member => Err(StoreError::Refused(Refusal::AdministratorsOnly)),
    }
}

/// The person, who must be allowed to sign in: they may have been deactivated while their password was compared.
pub(in crate::store) fn require_active(connection: &mut DbConnection, id: UserId) -> Result<User, StoreError> {
    let user = require_user(connection, id)?;
    let since: Option<i64> = users::table.find(id.0).select(users::deactivated_at).first(connection)?;
    match since {
        None => Ok(user),
        Some(_) => Err(StoreError::Refused(Refusal::WrongCredentials)),
    }
}

/// The people of those ids, each once, in the order of their ids. Unknown ids are left out.
pub(in crate::store) fn authors_by_id(connection: &mut DbConnection, mut ids: Vec<i64>) -> QueryResult<Vec<AuthorRow>> {
    ids.sort_unstable();
    ids.dedup();
    match connection {
        DbConnection::Sqlite(sqlite) => FindAuthorsInSqlite { ids: json_list(&ids) }.load(sqlite),
        DbConnection::Postgres(postgres) => FindAuthorsInPostgres { ids }.load(postgres),
    }
}

statement! {
    /// People by a list of ids.
    FindAuthorsInSqlite { ids: String => Text } -> (BigInt, Text, Text):
    "SELECT id, username, name FROM users WHERE id IN (SELECT value FROM json_each(", ids, ")) ORDER BY id"
}

statement! {
    /// The same on Postgres.
    FindAuthorsInPostgres { ids: Vec<i64> => Array<BigInt> } -> (BigInt, Text, Text):
    "SELECT id, username, name FROM users WHERE id = ANY(", ids, ") ORDER BY id"
}
