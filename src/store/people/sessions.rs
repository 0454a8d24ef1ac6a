//! Sessions of signed-in people, and the refresh tokens that extend them.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::{AuditAction, Credential, EndedCredential, Refusal, SessionId, Timestamp, User, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{session_tokens, sessions, users};
use crate::store::{AuditNote, Store, StoreError, TokenHash};

use super::credentials::{end_sessions, end_sessions_of, expired_sessions};
use super::rows::{UserRow, require_active, require_user};

/// How long a replaced refresh token is still accepted: two tabs may present it at the same time, and a client whose
/// answer was lost presents it again.
const GRACE: Duration = Duration::from_secs(30);

/// Sessions whose time is over that go when somebody signs in.
const EXPIRED_PER_SIGN_IN: i64 = 100;

/// How long sessions live, and how many a person may have.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// How long an unused one lives.
    pub unused: Duration,
    /// How long one lives, however much it is used.
    pub absolute: Duration,
    /// How many a person may have at the same time.
    pub per_person: u32,
}

impl SessionLimits {
    /// When a session that began at `began` ends, unless it is used after `now`.
    fn end_of_session(self, began: Timestamp, now: Timestamp) -> Timestamp {
        now.after(self.unused).min(began.after(self.absolute))
    }
}

/// What became of a refresh token that was presented.
#[derive(Debug, PartialEq)]
pub enum Rotation {
    /// It was accepted.
    Renewed(SessionId, User),
    /// It was replaced earlier than the grace period, so somebody may have stolen it: the session was ended.
    Ended(EndedCredential),
}

impl Store {
    /// Creates a session. Those that the person has beyond the limit end, the oldest first, and are answered.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn create_session(
        &self,
        user: UserId,
        refresh: TokenHash,
        limits: SessionLimits,
    ) -> Result<(SessionId, Vec<EndedCredential>), StoreError> {
        self.write_with_trail(Some(user), move |connection, trail| {
            let person = require_active(connection, user)?;
            let now = Timestamp::now();
            let expires_at = limits.end_of_session(now, now);
            let expired = expired_sessions(connection, now, EXPIRED_PER_SIGN_IN)?;
            end_sessions(connection, &expired)?;
            let session =
                (sessions::user_id.eq(user.0), sessions::created_at.eq(now.0), sessions::expires_at.eq(expires_at.0));
            let id: i64 =
                diesel::insert_into(sessions::table).values(session).returning(sessions::id).get_result(connection)?;
            keep_token(connection, id, refresh, expires_at)?;
            let note = AuditNote::by(&person).to(Credential::Session(SessionId(id)));
            trail.record(connection, AuditAction::SignedIn, note)?;
            let own = sessions::table.filter(sessions::user_id.eq(user.0)).order(sessions::id.desc());
            let beyond: Vec<i64> = own
                .offset(limits.per_person.into())
                .limit(EXPIRED_PER_SIGN_IN)
                .select(sessions::id)
                .load(connection)?;
            Ok((SessionId(id), end_sessions(connection, &beyond)?))
        })
        .await
    }

    /// Replaces a session's refresh token by the next one. The one presented is accepted for another 30 seconds, for
    /// two tabs may refresh at once; presented later, it may have been stolen, and the session ends.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`] when the token is unknown or expired, or its session ended before.
    pub async fn rotate_session(
        &self,
        presented: TokenHash,
        next: TokenHash,
        limits: SessionLimits,
    ) -> Result<Rotation, StoreError> {
        self.write_with_trail(None, move |connection, trail| {
            let rotation = rotate(connection, presented, next, limits)?;
            if let Rotation::Ended(ended) = &rotation {
                let note = AuditNote::by(&require_user(connection, ended.user_id)?).to(ended.credential);
                trail.record(connection, AuditAction::SessionStolen, note)?;
            }
            Ok(rotation)
        })
        .await
    }

    /// Whose session it is; `None` when it has ended or expired.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn session_user(&self, id: SessionId) -> Result<Option<User>, StoreError> {
        self.read_reserved(move |connection| {
            let user: Option<UserRow> = sessions::table
                .inner_join(users::table)
                .filter(sessions::id.eq(id.0).and(sessions::expires_at.gt(Timestamp::now().0)))
                .select(UserRow::as_select())
                .first(connection)
                .optional()?;
            user.map(User::try_from).transpose()
        })
        .await
    }

    /// Ends a session; does nothing when it has ended.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn end_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.write_with_trail(None, move |connection, trail| {
            for ended in end_sessions(connection, &[id.0])? {
                let note = AuditNote::by(&require_user(connection, ended.user_id)?).to(ended.credential);
                trail.record(connection, AuditAction::SignedOut, note)?;
            }
            Ok(())
        })
        .await
    }

    /// Ends the session of a refresh token, if it has one: somebody signs in anew in the same browser.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn end_session_of(&self, refresh: TokenHash) -> Result<Vec<EndedCredential>, StoreError> {
        self.write(move |connection| {
            let token = session_tokens::table.find(refresh.to_hex()).select(session_tokens::session_id);
            let session: Option<i64> = token.first(connection).optional()?;
            Ok(end_sessions(connection, session.as_slice())?)
        })
        .await
    }

    /// Ends all sessions of a person. API tokens stay.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn end_sessions_of(&self, user: UserId) -> Result<Vec<EndedCredential>, StoreError> {
        self.write_with_trail(Some(user), move |connection, trail| {
            let note = AuditNote::by(&require_user(connection, user)?).to(format_args!("user:{user}"));
            trail.record(connection, AuditAction::SignedOutEverywhere, note)?;
            Ok(end_sessions_of(connection, user, None)?)
        })
        .await
    }
}

fn rotate(
    connection: &mut DbConnection,
    presented: TokenHash,
    next: TokenHash,
    limits: SessionLimits,
) -> Result<Rotation, StoreError> {
    let now = Timestamp::now();
    let found: Option<(i64, i64, Option<i64>, UserRow)> = session_tokens::table
        .inner_join(sessions::table.inner_join(users::table))
        .filter(session_tokens::token_hash.eq(presented.to_hex()).and(session_tokens::expires_at.gt(now.0)))
        .select((sessions::id, sessions::created_at, session_tokens::replaced_at, UserRow::as_select()))
        .first(connection)
        .optional()?;
    let (session, created_at, replaced_at, user) = found.ok_or(StoreError::Refused(Refusal::SessionEnded))?;
    match replaced_at.map(Timestamp) {
        None => replace_tokens(connection, session, now)?,
        // Whatever was given out for the first use stays valid: the two answers may arrive in either order.
        Some(replaced_at) if now <= replaced_at.after(GRACE) => {}
        Some(_) => {
            let ended = end_sessions(connection, &[session])?;
            // No refusal, for something was changed.
            return ended.first().copied().map(Rotation::Ended).ok_or(StoreError::Refused(Refusal::SessionEnded));
        }
    }
    let expires_at = limits.end_of_session(Timestamp(created_at), now);
    keep_token(connection, session, next, expires_at)?;
    diesel::update(sessions::table.find(session)).set(sessions::expires_at.eq(expires_at.0)).execute(connection)?;
    Ok(Rotation::Renewed(SessionId(session), User::try_from(user)?))
}

fn keep_token(connection: &mut DbConnection, session: i64, token: TokenHash, expires_at: Timestamp) -> QueryResult<()> {
    diesel::insert_into(session_tokens::table)
        .values((
            session_tokens::token_hash.eq(token.to_hex()),
            session_tokens::session_id.eq(session),
            session_tokens::expires_at.eq(expires_at.0),
        ))
        .execute(connection)
        .map(drop)
}

/// Marks the session's tokens as replaced, and deletes those that have expired.
fn replace_tokens(connection: &mut DbConnection, session: i64, now: Timestamp) -> QueryResult<()> {
    let of_session = session_tokens::session_id.eq(session);
    diesel::delete(session_tokens::table.filter(of_session.and(session_tokens::expires_at.le(now.0))))
        .execute(connection)?;
    diesel::update(session_tokens::table.filter(of_session.and(session_tokens::replaced_at.is_null())))
        .set(session_tokens::replaced_at.eq(now.0))
        .execute(connection)
        .map(drop)
}
