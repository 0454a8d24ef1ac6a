//! Writing entries of the trail, each with a line of the log after the commit.

use std::net::IpAddr;

use diesel::prelude::*;
use tracing::info;

use crate::domain::{AuditAction, Timestamp, User, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::audit;
use crate::store::engine::writes::write_command::WriteCommand;
use crate::store::{Store, StoreError};

/// What is written of one action, besides the time and the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditNote {
    /// Who did it.
    pub user_id: Option<UserId>,
    /// Their user name, or the one that was tried.
    pub username: Option<String>,
    /// What it was done to: `user:3`, `room:7`, `token:5`.
    pub subject: Option<String>,
    /// What more there is to say.
    pub detail: Option<String>,
}

impl AuditNote {
    /// Something that a person did.
    #[must_use]
    pub fn by(user: &User) -> Self {
        Self { user_id: Some(user.id), username: Some(user.username.to_string()), ..Self::default() }
    }

    /// Something done with a user name by somebody who is not signed in.
    #[must_use]
    pub fn of_name(username: impl ToString) -> Self {
        Self { username: Some(username.to_string()), ..Self::default() }
    }

    /// To what it was done.
    #[must_use]
    pub fn to(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// What more there is to say.
    #[must_use]
    pub fn saying(self, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }
}

/// The entries of one change.
#[derive(Debug)]
pub(in crate::store) struct Trail {
    address: Option<IpAddr>,
    notes: Vec<(AuditAction, AuditNote)>,
}

impl Trail {
    /// Writes an entry in the change's transaction.
    pub(in crate::store) fn record(
        &mut self,
        connection: &mut DbConnection,
        action: AuditAction,
        note: AuditNote,
    ) -> QueryResult<()> {
        diesel::insert_into(audit::table)
            .values((
                audit::created_at.eq(Timestamp::now().0),
                audit::action.eq(action.name()),
                audit::user_id.eq(note.user_id.map(|id| id.0)),
                audit::username.eq(note.username.as_deref()),
                audit::address.eq(self.address.map(|address| address.to_string())),
                audit::subject.eq(note.subject.as_deref()),
                audit::detail.eq(note.detail.as_deref()),
            ))
            .execute(connection)?;
        self.notes.push((action, note));
        Ok(())
    }

    /// The address comes second and is never somebody's text, so that a filter such as fail2ban's cannot be deceived.
    fn log(self) {
        for (action, note) in self.notes {
            let address = self.address.map_or_else(|| "terminal".to_owned(), |address| address.to_string());
            let AuditNote { user_id, username, subject, detail } = note;
            let (user_id, username) = (user_id.map(|id| id.0), username.as_deref());
            let (subject, detail) = (subject.as_deref(), detail.as_deref());
            info!(%action, %address, user_id, username, subject, detail, "audit");
        }
    }
}

impl Store {
    /// Writes an entry of the trail alone, for what changes nothing in the database.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn note_in_trail(&self, action: AuditAction, note: AuditNote) -> Result<(), StoreError> {
        self.write_with_trail(None, move |connection, trail| Ok(trail.record(connection, action, note.clone())?)).await
    }

    /// Runs a change as [`Store::write_for`] does, or as [`Store::write`] for nobody, and logs what it recorded once it is
    /// committed.
    pub(in crate::store) async fn write_with_trail<T, F>(
        &self,
        person: Option<UserId>,
        change: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection, &mut Trail) -> Result<T, StoreError> + Send + 'static,
    {
        let address = self.address;
        let (command, outcome) = WriteCommand::other(move |connection| {
            let mut trail = Trail { address, notes: Vec::new() };
            let outcome = change(connection, &mut trail)?;
            Ok((outcome, trail))
        });
        let (outcome, trail) = self.submit(person, command, outcome).await?;
        trail.log();
        Ok(outcome)
    }
}
