//! Removing expired rows: sessions, tokens, invitations, old deliveries and jobs.

use diesel::prelude::*;

use crate::domain::Timestamp;
use crate::store::audit::entries::remove_old;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{invites, jobs, session_tokens, webhook_deliveries};
use crate::store::people::credentials::{end_sessions, expired_sessions};
use crate::store::webhooks::delivery::DeliveryStatus;
use crate::store::{Store, StoreError};

impl Store {
    /// Removes sessions, refresh tokens and invitations that have expired, deliveries and failed jobs that are older than
    /// `log_from`, and entries of the trail that are older than `audit_from`; at most `limit` of each. Returns whether there
    /// may be more.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn purge_expired(
        &self,
        log_from: Timestamp,
        audit_from: Timestamp,
        limit: i64,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let told = remove_old(connection, audit_from, limit)?;
            let has_more = remove_expired(connection, Timestamp::now(), log_from, limit)?;
            Ok(has_more || i64::try_from(told).is_ok_and(|told| told >= limit))
        })
        .await
    }
}

fn remove_expired(connection: &mut DbConnection, now: Timestamp, log_from: Timestamp, limit: i64) -> QueryResult<bool> {
    let ended = expired_sessions(connection, now, limit)?;
    end_sessions(connection, &ended)?;

    let void = session_tokens::table.filter(session_tokens::expires_at.le(now.0)).limit(limit);
    let void: Vec<String> = void.select(session_tokens::token_hash).load(connection)?;
    diesel::delete(session_tokens::table.filter(session_tokens::token_hash.eq_any(&void))).execute(connection)?;

    let past = invites::table.filter(invites::expires_at.le(now.0)).limit(limit).select(invites::id);
    let past: Vec<i64> = past.load(connection)?;
    diesel::delete(invites::table.filter(invites::id.eq_any(&past))).execute(connection)?;

    let settled = webhook_deliveries::status.ne(DeliveryStatus::Pending.name());
    let read =
        webhook_deliveries::table.filter(webhook_deliveries::created_at.lt(log_from.0).and(settled)).limit(limit);
    let read: Vec<i64> = read.select(webhook_deliveries::id).load(connection)?;
    diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(&read))).execute(connection)?;

    let dead = jobs::table.filter(jobs::dead_at.lt(log_from.0)).limit(limit).select(jobs::id);
    let dead: Vec<i64> = dead.load(connection)?;
    diesel::delete(jobs::table.filter(jobs::id.eq_any(&dead))).execute(connection)?;

    let most = [ended.len(), void.len(), past.len(), read.len(), dead.len()].into_iter().max().unwrap_or(0);
    Ok(i64::try_from(most).unwrap_or(i64::MAX) >= limit)
}
