//! Invitations to sign up. One may be used by many people until it expires.

use diesel::prelude::*;

use crate::domain::{AuditAction, InviteId, Refusal, Role, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::invites;
use crate::store::{AuditNote, Store, StoreError, TokenHash};

use super::rows::require_user;

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The invitation.
    pub id: InviteId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Creates an invitation.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] unless `by` is an administrator.
    pub async fn create_invite(
        &self,
        by: UserId,
        code: TokenHash,
        expires_at: Option<Timestamp>,
    ) -> Result<Invite, StoreError> {
        self.write_with_trail(Some(by), move |connection, trail| {
            let person = require_user(connection, by)?;
            if person.role != Role::Administrator {
                return Err(StoreError::Refused(Refusal::NotAllowed));
            }
            let created_at = Timestamp::now();
            let id: i64 = diesel::insert_into(invites::table)
                .values((
                    invites::created_by.eq(by.0),
                    invites::code_hash.eq(code.to_hex()),
                    invites::created_at.eq(created_at.0),
                    invites::expires_at.eq(expires_at.map(|time| time.0)),
                ))
                .returning(invites::id)
                .get_result(connection)?;
            let note = AuditNote::by(&person).to(format_args!("invitation:{id}"));
            trail.record(connection, AuditAction::InvitationCreated, note)?;
            Ok(Invite { id: InviteId(id), created_at, expires_at })
        })
        .await
    }
}

/// Whether there is an invitation with that code that has not expired at `now`.
pub(in crate::store) fn is_valid_invite(
    connection: &mut DbConnection,
    code: TokenHash,
    now: Timestamp,
) -> QueryResult<bool> {
    let valid = invites::expires_at.is_null().or(invites::expires_at.gt(now.0).assume_not_null());
    let invite = invites::table.filter(invites::code_hash.eq(code.to_hex()).and(valid)).select(invites::id);
    invite.first::<i64>(connection).optional().map(|invite| invite.is_some())
}
