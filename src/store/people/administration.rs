//! What administrators do with others' accounts: roles, and deactivating people.

use diesel::prelude::*;

use crate::domain::{AuditAction, EndedCredential, Refusal, Role, Timestamp, User, UserId, Username};
use crate::store::audit::trail::Trail;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::users;
use crate::store::{AuditNote, Store, StoreError};

use super::credentials::end_all_of;
use super::rows::{require_administrator, require_user};
use super::users::id_of;

/// Changes of an account; `None` leaves a field as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountChange {
    /// The new role.
    pub role: Option<Role>,
    /// Whether the person may sign in.
    pub is_active: Option<bool>,
}

impl Store {
    /// Changes somebody's account. Who is deactivated cannot sign in, and their sessions and API tokens end: these are
    /// answered. What they wrote stays.
    ///
    /// # Errors
    /// [`Refusal::AdministratorsOnly`], [`Refusal::UserNotFound`], [`Refusal::LastAdministrator`] when nobody would be
    /// left who is an administrator.
    pub async fn change_account(
        &self,
        by: UserId,
        user: UserId,
        change: AccountChange,
    ) -> Result<(User, Vec<EndedCredential>), StoreError> {
        self.write_with_trail(Some(by), move |connection, trail| {
            let administrator = require_administrator(connection, by)?;
            change_account(connection, trail, &AuditNote::by(&administrator), user, change)
        })
        .await
    }

    /// The same for whoever administers the machine.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`], [`Refusal::LastAdministrator`].
    pub async fn change_account_of(&self, username: &Username, change: AccountChange) -> Result<(), StoreError> {
        let username = username.to_string();
        self.write_with_trail(None, move |connection, trail| {
            let id = id_of(connection, &username)?;
            change_account(connection, trail, &AuditNote::default(), UserId(id), change).map(drop)
        })
        .await
    }
}

fn change_account(
    connection: &mut DbConnection,
    trail: &mut Trail,
    by: &AuditNote,
    id: UserId,
    change: AccountChange,
) -> Result<(User, Vec<EndedCredential>), StoreError> {
    lock_accounts(connection)?;
    let user = require_user(connection, id)?;
    let loses_rights = change.role == Some(Role::Member) || change.is_active == Some(false);
    if loses_rights && user.role == Role::Administrator && !has_other_administrator(connection, id)? {
        return Err(StoreError::Refused(Refusal::LastAdministrator));
    }
    let note = by.clone().to(format_args!("user:{id}"));
    if let Some(role) = change.role.filter(|role| *role != user.role) {
        let note = note.clone().saying(format_args!("{}, now {}", user.username, role.name()));
        trail.record(connection, AuditAction::RoleChanged, note)?;
        diesel::update(users::table.find(id.0)).set(users::role.eq(role.name())).execute(connection)?;
    }
    let mut ended = Vec::new();
    if let Some(is_active) = change.is_active {
        let action = if is_active { AuditAction::Activated } else { AuditAction::Deactivated };
        trail.record(connection, action, note.saying(&user.username))?;
        let since = (!is_active).then_some(Timestamp::now().0);
        diesel::update(users::table.find(id.0)).set(users::deactivated_at.eq(since)).execute(connection)?;
        if !is_active {
            ended = end_all_of(connection, id, None)?;
        }
    }
    Ok((require_user(connection, id)?, ended))
}

/// Two administrators who deactivate each other at once must not both succeed.
fn lock_accounts(connection: &mut DbConnection) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(_) => Ok(()),
        DbConnection::Postgres(postgres) => {
            diesel::sql_query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(postgres).map(drop)
        }
    }
}

fn has_other_administrator(connection: &mut DbConnection, id: UserId) -> QueryResult<bool> {
    let other = users::table
        .filter(users::role.eq(Role::Administrator.name()).and(users::deactivated_at.is_null()).and(users::id.ne(id.0)))
        .select(users::id);
    other.first::<i64>(connection).optional().map(|other| other.is_some())
}
