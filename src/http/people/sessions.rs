//! Sessions: signing in and out, and renewing the access token by the refresh cookie.

use std::time::Duration;

use actix_web::cookie::{Cookie, SameSite as SameSiteRule};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::config::Ration;
use crate::domain::{EndedCredential, Password, Refusal, SessionId, Timestamp, User, Username};
use crate::json::UserPayload;
use crate::store::{Rotation, TokenHash};

use crate::http::error::ApiError;
use crate::http::pipeline::body::FormOrJson;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::same_site::SameSite;
use crate::http::rations::requests::AddressRation;
use crate::http::state::WebState;

const COOKIE: &str = "hubbub_refresh";
/// The only routes that read the cookie, and so the only ones that browsers send it to.
const COOKIE_PATH: &str = "/api/v1/session";

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
    FormOrJson(request): FormOrJson<SignInRequest>,
) -> Result<HttpResponse, ApiError> {
    // Nobody has a name of another form; whether somebody has this one must not be seen from the answer.
    let username = Username::parse(&request.username).map_err(|_| ApiError::Refused(Refusal::WrongCredentials))?;
    let password = Password::parse_attempt(&request.password)?;
    state.sign_ins.attempt(address.0, &username)?;
    let _place = state.rations.take_place(Ration::Hashes, None, address.0)?;
    let (user, hash) = state.store.credentials(&username).await?.unzip();
    let is_right = state.passwords.is_right(password, hash).await?;
    match user.filter(|_| is_right) {
        Some(user) => {
            state.sign_ins.succeeded(address.0, &username);
            begin(&state, HttpResponse::Ok(), &user).await
        }
        None => Err(ApiError::Refused(Refusal::WrongCredentials)),
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
    _: SameSite,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let cookie = request.cookie(COOKIE).ok_or(ApiError::Refused(Refusal::SessionEnded))?;
    let presented =
        OpaqueToken::parse(cookie.value(), TokenPurpose::Refresh).ok_or(ApiError::Refused(Refusal::SessionEnded))?;
    let next = OpaqueToken::generate(TokenPurpose::Refresh);
    let (presented, hash) = (TokenHash(presented.digest()), TokenHash(next.digest()));
    match state.store.rotate_session(presented, hash, session_end(&state)).await? {
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
    _: SameSite,
    identity: Identity,
) -> Result<HttpResponse, ApiError> {
    let session_id = identity.require_session()?;
    state.store.end_session(session_id).await?;
    state.end_credentials(&[EndedCredential { credential: identity.credential, user_id: identity.user_id() }]);
    let mut removal = cookie(&state, String::new());
    removal.make_removal();
    Ok(HttpResponse::NoContent().cookie(removal).finish())
}

/// Begins a session for somebody whose password was right, or who just signed up.
pub(crate) async fn begin(
    state: &WebState,
    builder: HttpResponseBuilder,
    user: &User,
) -> Result<HttpResponse, ApiError> {
    let token = OpaqueToken::generate(TokenPurpose::Refresh);
    let session_id = state.store.create_session(user.id, TokenHash(token.digest()), session_end(state)).await?;
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
    Ok(builder.cookie(cookie(state, refresh_token.expose().to_owned())).json(SessionResponse {
        access_token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        user: user.into(),
    }))
}

/// Out of reach of scripts (`HttpOnly`), of other sites (`SameSite`) and, where there is TLS, of the network (`Secure`).
fn cookie(state: &WebState, value: String) -> Cookie<'static> {
    let days = i64::from(state.config.auth.session_days);
    Cookie::build(COOKIE, value)
        .path(COOKIE_PATH)
        .http_only(true)
        .same_site(SameSiteRule::Strict)
        .secure(state.config.is_secure())
        .max_age(actix_web::cookie::time::Duration::days(days))
        .finish()
}

/// When a session ends unless it is renewed before.
fn session_end(state: &WebState) -> Timestamp {
    Timestamp::now().after(Duration::from_secs(u64::from(state.config.auth.session_days) * 24 * 3_600))
}
