//! People: signing up, oneself, finding others.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::config::SignUp;
use crate::domain::{Password, PersonName, Refusal, Timestamp, User, UserId, Username};
use crate::store::{NewUser, SignUpPermission, TokenHash};

use crate::http::error::ApiError;
use crate::http::people::sessions;
use crate::http::pipeline::body::FormOrJson;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::pipeline::same_site::SameSite;
use crate::http::state::WebState;

/// An account as its owner and others see it.
#[derive(Serialize)]
pub(crate) struct UserResponse<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
    role: &'static str,
    created_at: Timestamp,
}

impl<'a> From<&'a User> for UserResponse<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            username: user.username.as_str(),
            name: user.name.as_str(),
            role: user.role.name(),
            created_at: user.created_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUpRequest {
    username: String,
    password: String,
    /// The user name, when it is missing.
    name: Option<String>,
    invite: Option<String>,
}

/// `POST /users`: makes an account and signs it in.
pub(crate) async fn sign_up(
    state: web::Data<WebState>,
    _: SameSite,
    FormOrJson(request): FormOrJson<SignUpRequest>,
) -> Result<HttpResponse, ApiError> {
    let username = Username::parse(&request.username)?;
    let name = PersonName::parse(request.name.as_deref().unwrap_or(username.as_str()), &state.limits)?;
    let password = Password::parse_new(&request.password, &state.limits)?;
    let admission = admission(&state, request.invite.as_deref()).await?;
    let password_hash = state.passwords.hash(password).await?;
    let user = state.store.create_user(NewUser { username, name, password_hash, admission }).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, "/api/v1/me"));
    sessions::begin(&state, answer, &user).await
}

/// What lets the person in. Who certainly is not let in is told so before a password is hashed for them.
async fn admission(state: &WebState, invite: Option<&str>) -> Result<SignUpPermission, ApiError> {
    match state.config.effective_sign_up() {
        SignUp::Open => Ok(SignUpPermission::Open),
        SignUp::Invite => {
            let code = invite.and_then(|text| OpaqueToken::parse(text.trim(), TokenPurpose::Invite));
            if code.is_none() && !state.store.is_first_run().await? {
                return Err(ApiError::Refused(Refusal::SignUpClosed));
            }
            Ok(SignUpPermission::Invite(code.map(|code| TokenHash(code.digest()))))
        }
    }
}

/// `GET /me`.
pub(crate) async fn show_me(identity: Identity) -> HttpResponse {
    HttpResponse::Ok().json(UserResponse::from(identity.user.as_ref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindUsersQuery {
    #[serde(default)]
    query: String,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct UsersResponse<'a> {
    items: Vec<UserResponse<'a>>,
}

/// `GET /users`: by name or user name, for inviting and mentioning.
pub(crate) async fn find_users(
    state: web::Data<WebState>,
    _: Identity,
    query: web::Query<FindUsersQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, 20, 100)?;
    let users = state.store.find_users(query.query.trim(), limit).await?;
    Ok(HttpResponse::Ok().json(UsersResponse { items: users.iter().map(UserResponse::from).collect() }))
}
