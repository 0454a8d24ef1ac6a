//! Sessions: signing in and out, and renewing the access token by the refresh cookie.

use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::config::Ration;
use crate::domain::{AuditAction, EndedCredential, Password, Refusal, SessionId, User, Username};
use crate::json::UserPayload;
use crate::store::{AuditNote, Rotation, SessionLimits, TokenHash};

use crate::http::error::ApiError;
use crate::http::people::refresh_cookie::{self, PresentedCookie, RemovedCookies};
use crate::http::pipeline::body::FormOrJson;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::same_site::SameSite;
use crate::http::rations::requests::AddressRation;
use crate::http::state::WebState;

/// What a client gets when it signs up, signs in or renews.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// In seconds.
    expires_in: u32,
    user: UserPayload<'a>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInRequest {
    username: String,
    #[schema(max_length = 1_024)]
    password: String,
}

/// `POST /session`: signs in.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "People",
    security(()),
    request_body(content((SignInRequest = "application/json"), (SignInRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The session", body = SessionResponse, headers(("Set-Cookie" = String, description = "The refresh token"))),
    ),
    extensions(("x-problems" = json!(["wrong_credentials", "too_many_attempts", "cross_site", "password_too_long"]))),
)]
pub(crate) async fn sign_in(
    state: web::Data<WebState>,
    address: ClientIp,
    _: SameSite,
    http_request: HttpRequest,
    FormOrJson(request): FormOrJson<SignInRequest>,
) -> Result<HttpResponse, ApiError> {
    let password = Password::parse_attempt(&request.password)?;
    // Nobody has a name of another form; whether somebody has this one must not be seen from the answer.
    let Ok(username) = Username::parse(&request.username) else {
        count_attempt(&state, &address, None).await?;
        return Err(note_wrong(&state, &address, AuditNote::default().saying("no user name")).await);
    };
    count_attempt(&state, &address, Some(&username)).await?;
    let _place = state.rations.take_place(Ration::Hashes, None, address.0)?;
    let (user, hash) = state.store.credentials(&username).await?.unzip();
    let is_right = state.passwords.is_right(password.clone(), hash.clone()).await?;
    match user.filter(|_| is_right) {
        Some(user) => {
            state.sign_ins.succeeded(address.0, &username);
            if let Some(outdated) = hash.filter(|hash| state.passwords.is_outdated(hash)) {
                let current = state.passwords.hash(password).await?;
                state.store.replace_hash(user.id, outdated, current).await?;
            }
            begin(&state, &address, &http_request, HttpResponse::Ok(), &user).await
        }
        None => Err(note_wrong(&state, &address, AuditNote::of_name(&username)).await),
    }
}

/// Counts an attempt at a password; `None` for a text that is no user name.
pub(crate) async fn count_attempt(
    state: &WebState,
    address: &ClientIp,
    username: Option<&Username>,
) -> Result<(), ApiError> {
    let counted = state.sign_ins.attempt(address.0, username);
    if counted.is_err() && state.throttle_notes.allow(address.0) {
        let note = username.map_or_else(AuditNote::default, AuditNote::of_name);
        state.store.called_from(address.0).note_in_trail(AuditAction::SignInThrottled, note).await?;
    }
    Ok(counted?)
}

/// Notes an attempt that was wrong, and answers what its caller is told.
pub(crate) async fn note_wrong(state: &WebState, address: &ClientIp, note: AuditNote) -> ApiError {
    match state.store.called_from(address.0).note_in_trail(AuditAction::SignInWrong, note).await {
        Ok(()) => ApiError::Refused(Refusal::WrongCredentials),
        Err(error) => error.into(),
    }
}

/// `POST /session/refresh`: a new access token and the next cookie for the cookie presented.
#[utoipa::path(
    post, path = "/api/v1/session/refresh", tag = "People",
    security(()),
    responses(
        (status = 200, description = "The session", body = SessionResponse, headers(("Set-Cookie" = String, description = "The next refresh token"))),
    ),
    extensions(("x-problems" = json!(["session_ended", "cross_site"]))),
)]
pub(crate) async fn refresh(
    state: web::Data<WebState>,
    _: AddressRation,
    address: ClientIp,
    _: SameSite,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let presented = match PresentedCookie::of(&request, &state.config) {
        PresentedCookie::One(token) => token,
        PresentedCookie::Missing => return Err(ApiError::Refused(Refusal::SessionEnded)),
        PresentedCookie::Several => {
            // Else the next sign-in would be refused at its first renewal.
            request.extensions_mut().insert(RemovedCookies(refresh_cookie::removals(&request, &state.config)));
            return Err(ApiError::Refused(Refusal::SessionEnded));
        }
    };
    let next = OpaqueToken::generate(TokenPurpose::Refresh);
    let (presented, hash) = (TokenHash(presented.digest()), TokenHash(next.digest()));
    match state.store.called_from(address.0).rotate_session(presented, hash, session_limits(&state)).await? {
        Rotation::Renewed(session_id, user) => respond(&state, HttpResponse::Ok(), &user, session_id, &next),
        Rotation::Ended(ended) => {
            // Whoever has the copy may have an access token and a socket too.
            state.end_credentials(&[ended]);
            Err(ApiError::Refused(Refusal::SessionEnded))
        }
    }
}

/// `DELETE /session`: signs out, which voids the access token and the cookie everywhere.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "People",
    responses(
        (status = 204, description = "The session has ended"),
    ),
    extensions(("x-problems" = json!(["session_needed", "cross_site"]))),
)]
pub(crate) async fn sign_out(
    state: web::Data<WebState>,
    address: ClientIp,
    _: SameSite,
    identity: Identity,
) -> Result<HttpResponse, ApiError> {
    let session_id = identity.require_session()?;
    state.store.called_from(address.0).end_session(session_id).await?;
    state.end_credentials(&[EndedCredential { credential: identity.credential, user_id: identity.user_id() }]);
    Ok(HttpResponse::NoContent().cookie(refresh_cookie::removal(&state.config)).finish())
}

/// Begins a session for somebody whose password was right, or who just signed up. The one that the browser had ends:
/// nobody would have its cookie any more.
pub(crate) async fn begin(
    state: &WebState,
    address: &ClientIp,
    request: &HttpRequest,
    mut builder: HttpResponseBuilder,
    user: &User,
) -> Result<HttpResponse, ApiError> {
    match PresentedCookie::of(request, &state.config) {
        PresentedCookie::Missing => {}
        PresentedCookie::One(left) => {
            state.end_credentials(&state.store.end_session_of(TokenHash(left.digest())).await?);
        }
        PresentedCookie::Several => {
            for removal in refresh_cookie::removals(request, &state.config) {
                builder.cookie(removal);
            }
        }
    }
    let token = OpaqueToken::generate(TokenPurpose::Refresh);
    let store = state.store.called_from(address.0);
    let (session_id, ended) = store.create_session(user.id, TokenHash(token.digest()), session_limits(state)).await?;
    state.end_credentials(&ended);
    respond(state, builder, user, session_id, &token)
}

fn respond(
    state: &WebState,
    mut builder: HttpResponseBuilder,
    user: &User,
    session_id: SessionId,
    refresh_token: &OpaqueToken,
) -> Result<HttpResponse, ApiError> {
    let access = state.access_tokens.issue(user.id, session_id)?;
    Ok(builder.cookie(refresh_cookie::cookie(&state.config, refresh_token.expose().to_owned())).json(SessionResponse {
        access_token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        user: user.into(),
    }))
}

fn session_limits(state: &WebState) -> SessionLimits {
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3_600);
    let auth = &state.config.auth;
    SessionLimits {
        unused: days(auth.session_days),
        absolute: days(auth.session_max_days),
        per_person: auth.max_sessions_per_person,
    }
}
