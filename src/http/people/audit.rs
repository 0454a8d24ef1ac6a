//! The trail of what matters for security, for administrators.

use std::net::IpAddr;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{AuditAction, AuditEntry, Timestamp, UserId};
use crate::store::AuditQuery;

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::state::WebState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditParameters {
    /// The `next` of the page before; without it, the newest entries.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// Only this action, such as `sign_in.wrong`.
    action: Option<String>,
    /// Only what this person did.
    user_id: Option<UserId>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// One entry of the trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct AuditEntryResponse<'a> {
    id: i64,
    created_at: Timestamp,
    action: &'a str,
    #[schema(required)]
    user_id: Option<UserId>,
    #[schema(required)]
    username: Option<&'a str>,
    /// Null: a terminal of the server's machine.
    #[schema(required, value_type = Option<String>)]
    address: Option<IpAddr>,
    #[schema(required)]
    subject: Option<&'a str>,
    #[schema(required)]
    detail: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntries)]
struct AuditResponse<'a> {
    items: Vec<AuditEntryResponse<'a>>,
    /// Where the next page begins (`before`); null when there is none.
    #[schema(required)]
    next: Option<i64>,
}

impl<'a> From<&'a AuditEntry> for AuditEntryResponse<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        Self {
            id: entry.id,
            created_at: entry.created_at,
            action: &entry.action,
            user_id: entry.user_id,
            username: entry.username.as_deref(),
            address: entry.address,
            subject: entry.subject.as_deref(),
            detail: entry.detail.as_deref(),
        }
    }
}

/// `GET /audit`: for administrators, the newest entry first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "People",
    params(AuditParameters),
    responses(
        (status = 200, description = "Entries of the trail, the newest first", body = AuditResponse),
    ),
    extensions(("x-problems" = json!(["administrators_only", "invalid_limit", "invalid_audit_action"]))),
)]
pub(crate) async fn list_audit(
    state: web::Data<WebState>,
    identity: Identity,
    parameters: web::Query<AuditParameters>,
) -> Result<HttpResponse, ApiError> {
    identity.require_administrator()?;
    let limit = page_limit(parameters.limit, 50, 200)?;
    let action = parameters.action.as_deref().map(AuditAction::parse).transpose()?;
    let AuditParameters { before, user_id, .. } = *parameters;
    let query = AuditQuery { before, action, user_id, limit };
    let entries = state.store.audit(identity.user_id(), query).await?;
    let is_full = i64::try_from(entries.len()).is_ok_and(|entries| entries == limit);
    let next = entries.last().filter(|_| is_full).map(|entry| entry.id);
    Ok(HttpResponse::Ok().json(AuditResponse { items: entries.iter().map(AuditEntryResponse::from).collect(), next }))
}
