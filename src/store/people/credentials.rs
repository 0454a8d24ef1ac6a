//! Sessions and API tokens that end: they are remembered for a while, so that the sockets that they let in are closed on
//! every node, also when the process that ended them has no bus or dies before it uses it.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::{ApiTokenId, Credential, EndedCredential, SessionId, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{api_tokens, ended_credentials, sessions};
use crate::store::{Store, StoreError};

/// How long an ended credential is remembered: longer than any process waits between two looks.
const REMEMBERED: Duration = Duration::from_secs(3_600);

impl Store {
    /// The sessions and API tokens that ended at `from` or later.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn credentials_ended_since(&self, from: Timestamp) -> Result<Vec<EndedCredential>, StoreError> {
        self.read_reserved(move |connection| {
            let rows: Vec<(String, i64)> = ended_credentials::table
                .filter(ended_credentials::ended_at.ge(from.0))
                .order((ended_credentials::ended_at, ended_credentials::credential))
                .select((ended_credentials::credential, ended_credentials::user_id))
                .load(connection)?;
            let ended = |(credential, user_id): (String, i64)| {
                Some(EndedCredential { credential: credential.parse().ok()?, user_id: UserId(user_id) })
            };
            Ok(rows.into_iter().filter_map(ended).collect())
        })
        .await
    }

    /// Ends the sessions whose time is over, at most `limit`. Writes nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn end_expired_sessions(&self, limit: i64) -> Result<(), StoreError> {
        let expired =
            self.read_reserved(move |connection| Ok(expired_sessions(connection, Timestamp::now(), 1)?)).await?;
        if expired.is_empty() {
            return Ok(());
        }
        self.write(move |connection| {
            let expired = expired_sessions(connection, Timestamp::now(), limit)?;
            end_sessions(connection, &expired)?;
            Ok(())
        })
        .await
    }
}

/// The ids of sessions whose time is over at `now`, at most `limit`.
pub(in crate::store) fn expired_sessions(
    connection: &mut DbConnection,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    let expired = sessions::table.filter(sessions::expires_at.le(now.0)).order(sessions::expires_at);
    expired.limit(limit).select(sessions::id).load(connection)
}

/// Ends these sessions; their refresh tokens go with them. Answers those that had not ended before.
pub(in crate::store) fn end_sessions(connection: &mut DbConnection, ids: &[i64]) -> QueryResult<Vec<EndedCredential>> {
    let rows: Vec<(i64, i64)> =
        sessions::table.filter(sessions::id.eq_any(ids)).select((sessions::id, sessions::user_id)).load(connection)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(ids))).execute(connection)?;
    let ended = rows.into_iter().map(|(id, user)| (Credential::Session(SessionId(id)), user));
    remember(connection, ended.collect())
}

/// Ends these API tokens. Answers those that had not ended before.
pub(in crate::store) fn end_tokens(connection: &mut DbConnection, ids: &[i64]) -> QueryResult<Vec<EndedCredential>> {
    let rows: Vec<(i64, i64)> = api_tokens::table
        .filter(api_tokens::id.eq_any(ids))
        .select((api_tokens::id, api_tokens::user_id))
        .load(connection)?;
    diesel::delete(api_tokens::table.filter(api_tokens::id.eq_any(ids))).execute(connection)?;
    let ended = rows.into_iter().map(|(id, user)| (Credential::ApiToken(ApiTokenId(id)), user));
    remember(connection, ended.collect())
}

/// Ends all sessions of a person but `except`, and all API tokens.
pub(in crate::store) fn end_all_of(
    connection: &mut DbConnection,
    user: UserId,
    except: Option<SessionId>,
) -> QueryResult<Vec<EndedCredential>> {
    let tokens: Vec<i64> =
        api_tokens::table.filter(api_tokens::user_id.eq(user.0)).select(api_tokens::id).load(connection)?;
    let mut ended = end_sessions_of(connection, user, except)?;
    ended.extend(end_tokens(connection, &tokens)?);
    Ok(ended)
}

/// Ends all sessions of a person but `except`.
pub(in crate::store) fn end_sessions_of(
    connection: &mut DbConnection,
    user: UserId,
    except: Option<SessionId>,
) -> QueryResult<Vec<EndedCredential>> {
    let mut ids: Vec<i64> =
        sessions::table.filter(sessions::user_id.eq(user.0)).select(sessions::id).load(connection)?;
    ids.retain(|id| except != Some(SessionId(*id)));
    end_sessions(connection, &ids)
}

fn remember(connection: &mut DbConnection, ended: Vec<(Credential, i64)>) -> QueryResult<Vec<EndedCredential>> {
    let now = Timestamp::now();
    let old = ended_credentials::ended_at.lt(now.before(REMEMBERED).0);
    if !ended.is_empty() {
        diesel::delete(ended_credentials::table.filter(old)).execute(connection)?;
    }
    for (credential, user) in &ended {
        diesel::insert_into(ended_credentials::table)
            .values((
                ended_credentials::credential.eq(credential.to_string()),
                ended_credentials::user_id.eq(user),
                ended_credentials::ended_at.eq(now.0),
            ))
            .execute(connection)?;
    }
    Ok(ended.into_iter().map(|(credential, user)| EndedCredential { credential, user_id: UserId(user) }).collect())
}
