//! Invitations to sign up.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::domain::{InvalidField, InviteId, Refusal, Timestamp, WholeNumber};
use crate::store::TokenHash;

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::host::asked_host;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

const DEFAULT_HOURS: u32 = 7 * 24;
const MAX_HOURS: u32 = 365 * 24;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateInviteRequest {
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 8_760)]
    expires_in_hours: Option<WholeNumber>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Invite)]
struct InviteResponse<'a> {
    id: InviteId,
    /// Shown once.
    code: &'a str,
    url: String,
    created_at: Timestamp,
    #[schema(required)]
    expires_at: Option<Timestamp>,
}

/// `POST /invites`: for administrators.
#[utoipa::path(
    post, path = "/api/v1/invites", tag = "People",
    request_body = CreateInviteRequest,
    responses(
        (status = 201, description = "The invitation; its code is shown once", body = InviteResponse),
    ),
    extensions(("x-problems" = json!(["administrators_only", "invalid_expires_in_hours"]))),
)]
pub(crate) async fn create_invite(
    state: web::Data<WebState>,
    identity: Identity,
    request: HttpRequest,
    Json(body): Json<CreateInviteRequest>,
) -> Result<HttpResponse, ApiError> {
    identity.require_administrator()?;
    let expires_at = Timestamp::now().after(lifetime(body.expires_in_hours)?);
    let code = OpaqueToken::generate(TokenPurpose::Invite);
    let hash = TokenHash(code.digest());
    let invite = state.store.create_invite(identity.user_id(), hash, Some(expires_at)).await?;
    Ok(HttpResponse::Created().json(InviteResponse {
        id: invite.id,
        code: code.expose(),
        url: invite_url(&request, &state, &code),
        created_at: invite.created_at,
        expires_at: invite.expires_at,
    }))
}

fn lifetime(hours: Option<WholeNumber>) -> Result<Duration, InvalidField> {
    let hours = hours.map_or(Ok(DEFAULT_HOURS), |WholeNumber(hours)| u32::try_from(hours));
    if let Ok(hours) = hours
        && (1..=MAX_HOURS).contains(&hours)
    {
        return Ok(Duration::from_secs(u64::from(hours) * 3_600));
    }
    let detail = format!("An invite lasts 1 to {MAX_HOURS} hours.");
    Err(InvalidField::new("expires_in_hours", Refusal::InvalidExpiresInHours, detail))
}

/// A link to send to somebody: the page for signing up, with the code filled in.
fn invite_url(request: &HttpRequest, state: &WebState, code: &OpaqueToken) -> String {
    let trusts_proxy = state.config.auth.trust_proxy;
    let proto = request.headers().get("x-forwarded-proto").filter(|_| trusts_proxy);
    let scheme = if proto.is_some_and(|proto| proto == "https") { "https" } else { "http" };
    let here = || format!("{scheme}://{}", asked_host(request, trusts_proxy).unwrap_or_default());
    let public_url = state.config.public_url.as_deref();
    let base = public_url.map_or_else(here, |url| url.trim_end_matches('/').to_owned());
    format!("{base}/sign-up?invite={}", code.expose())
}
