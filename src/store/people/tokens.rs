//! API tokens: long-lived tokens for scripts.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::{ApiTokenId, AuditAction, Credential, Refusal, Timestamp, User, UserId};
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::schema::{api_tokens, users};
use crate::store::{AuditNote, Store, StoreError, TokenHash};

use super::credentials::end_tokens;
use super::rows::{UserRow, require_active, require_user};

/// How often a token's last use is stored: a write for every request would cost too much.
const LAST_USE_PRECISION: Duration = Duration::from_secs(60);

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token.
    pub id: ApiTokenId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// Creates a token.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn create_api_token(&self, user: UserId, name: String, hash: TokenHash) -> Result<ApiToken, StoreError> {
        self.write_with_trail(Some(user), move |connection, trail| {
            let person = require_active(connection, user)?;
            let created_at = Timestamp::now();
            let id: i64 = diesel::insert_into(api_tokens::table)
                .values((
                    api_tokens::user_id.eq(user.0),
                    api_tokens::name.eq(&name),
                    api_tokens::token_hash.eq(hash.to_hex()),
                    api_tokens::created_at.eq(created_at.0),
                ))
                .returning(api_tokens::id)
                .get_result(connection)?;
            let note = AuditNote::by(&person).to(Credential::ApiToken(ApiTokenId(id))).saying(&name);
            trail.record(connection, AuditAction::TokenCreated, note)?;
            Ok(ApiToken { id: ApiTokenId(id), name: name.clone(), created_at, last_used_at: None })
        })
        .await
    }

    /// A person's tokens, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        self.read(move |connection| {
            let tokens: Vec<ApiTokenRow> = api_tokens::table
                .filter(api_tokens::user_id.eq(user.0))
                .order(api_tokens::id)
                .select(ApiTokenRow::as_select())
                .load(connection)?;
            Ok(tokens.into_iter().map(ApiToken::from).collect())
        })
        .await
    }

    /// Revokes a token of that person.
    ///
    /// # Errors
    /// [`Refusal::TokenNotFound`] also when the token is somebody else's.
    pub async fn delete_api_token(&self, user: UserId, id: ApiTokenId) -> Result<(), StoreError> {
        self.write_with_trail(Some(user), move |connection, trail| {
            let token = api_tokens::id.eq(id.0).and(api_tokens::user_id.eq(user.0));
            let token = api_tokens::table.filter(token).select(api_tokens::id).first(connection).optional()?;
            end_tokens(connection, &[token.ok_or(StoreError::Refused(Refusal::TokenNotFound))?])?;
            let note = AuditNote::by(&require_user(connection, user)?).to(Credential::ApiToken(id));
            Ok(trail.record(connection, AuditAction::TokenRevoked, note)?)
        })
        .await
    }

    /// The owner of a token. Stores the time of use at most once a minute, without waiting for it.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn api_token_user(&self, hash: TokenHash) -> Result<Option<(ApiTokenId, User)>, StoreError> {
        let found: Option<(ApiTokenRow, UserRow)> = self
            .read_reserved(move |connection| {
                let token = api_tokens::table
                    .inner_join(users::table)
                    .filter(api_tokens::token_hash.eq(hash.to_hex()))
                    .select((ApiTokenRow::as_select(), UserRow::as_select()));
                Ok(token.first(connection).optional()?)
            })
            .await?;
        let Some((token, user)) = found else { return Ok(None) };
        self.note_use(&token);
        Ok(Some((ApiTokenId(token.id), User::try_from(user)?)))
    }

    fn note_use(&self, token: &ApiTokenRow) {
        let (id, now) = (token.id, Timestamp::now());
        if token.last_used_at.is_some_and(|last| now < Timestamp(last).after(LAST_USE_PRECISION)) {
            return;
        }
        let noted = self.write_without_waiting(move |connection| {
            let token = diesel::update(api_tokens::table.find(id));
            token.set(api_tokens::last_used_at.eq(now.0)).execute(connection)?;
            Ok(())
        });
        // When the queue is full, the next use is noted.
        let _ = noted;
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens, check_for_backend(MultiBackend))]
struct ApiTokenRow {
    id: i64,
    name: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl From<ApiTokenRow> for ApiToken {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            id: ApiTokenId(row.id),
            name: row.name,
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
        }
    }
}
