//! One's own account: another password, signing out everywhere; and what administrators do with others'.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::config::Ration;
use crate::domain::{InvalidField, Password, Refusal, Role, UserId};
use crate::json::UserPayload;
use crate::store::AccountChange;

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::same_site::SameSite;
use crate::http::state::WebState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    #[schema(max_length = 1_024)]
    current_password: String,
    #[schema(min_length = 10, max_length = 1_024)]
    password: String,
}

/// `PUT /me/password`: ends one's other sessions and all API tokens, for whoever knew the old password may have made them.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "People",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "The password is changed; the other sessions and all API tokens have ended"),
    ),
    extensions(("x-problems" = json!(["session_needed", "wrong_credentials", "too_many_attempts", "password_too_short", "password_too_long", "cross_site"]))),
)]
pub(crate) async fn change_password(
    state: web::Data<WebState>,
    address: ClientIp,
    _: SameSite,
    identity: Identity,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let session = identity.require_session()?;
    let new = Password::parse_new(&request.password, &state.limits)?;
    require_password(&state, &address, &identity, &request.current_password).await?;
    let hash = state.passwords.hash(new).await?;
    let ended = state.store.change_password(identity.user_id(), hash, session).await?;
    state.end_credentials(&ended);
    Ok(HttpResponse::NoContent().finish())
}

/// Asks for the password again, for what a copy of an access token must not be enough for. Counts as an attempt to sign in.
pub(crate) async fn require_password(
    state: &WebState,
    address: &ClientIp,
    identity: &Identity,
    password: &str,
) -> Result<(), ApiError> {
    let password = Password::parse_attempt(password)?;
    state.sign_ins.attempt(address.0, &identity.user.username)?;
    let _place = state.rations.take_place(Ration::Hashes, None, address.0)?;
    let (_, hash) = state.store.credentials(&identity.user.username).await?.unzip();
    match state.passwords.is_right(password, hash).await? {
        true => Ok(()),
        false => Err(ApiError::Refused(Refusal::WrongCredentials)),
    }
}

/// `DELETE /sessions`: signs out everywhere. API tokens stay.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "People",
    responses(
        (status = 204, description = "All your sessions have ended, this one too"),
    ),
    extensions(("x-problems" = json!(["session_needed", "cross_site"]))),
)]
pub(crate) async fn sign_out_everywhere(
    state: web::Data<WebState>,
    _: SameSite,
    identity: Identity,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    let ended = state.store.end_sessions_of(identity.user_id()).await?;
    state.end_credentials(&ended);
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeAccountRequest {
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
    is_active: Option<bool>,
}

/// `PATCH /users/{id}`: for administrators: another role; deactivating a person, or letting them in again.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "People",
    params(("id" = UserId, Path)),
    request_body = ChangeAccountRequest,
    responses(
        (status = 200, description = "The person after the change", body = UserPayload),
    ),
    extensions(("x-problems" = json!(["administrators_only", "user_not_found", "last_administrator", "invalid_role"]))),
)]
pub(crate) async fn change_account(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<UserId>,
    Json(request): Json<ChangeAccountRequest>,
) -> Result<HttpResponse, ApiError> {
    identity.require_administrator()?;
    let role = request.role.as_deref().map(parse_role).transpose()?;
    let change = AccountChange { role, is_active: request.is_active };
    let (user, ended) = state.store.change_account(identity.user_id(), *id, change).await?;
    state.end_credentials(&ended);
    state.identities.forget_user(user.id);
    Ok(HttpResponse::Ok().json(UserPayload::from(&user)))
}

fn parse_role(name: &str) -> Result<Role, InvalidField> {
    Role::from_name(name)
        .ok_or_else(|| InvalidField::new("role", Refusal::InvalidRole, "A role is \"member\" or \"administrator\"."))
}
