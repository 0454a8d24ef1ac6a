//! People: signing up, oneself, finding others.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::config::{Ration, SignUp};
use crate::domain::{Password, PersonName, Refusal, Username};
use crate::json::UserPayload;
use crate::store::{NewUser, SignUpPermission, TokenHash};

use crate::http::error::ApiError;
use crate::http::people::sessions::{self, SessionResponse};
use crate::http::pipeline::body::FormOrJson;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::pipeline::same_site::SameSite;
use crate::http::rations::requests::AddressRation;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUpRequest {
    #[schema(schema_with = text_schema::username)]
    username: String,
    #[schema(min_length = 10, max_length = 1_024)]
    password: String,
    /// The user name, when it is missing.
    #[schema(schema_with = text_schema::optional_line::<80>)]
    name: Option<String>,
    invite: Option<String>,
}

/// `POST /users`: makes an account and signs it in.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "People",
    security(()),
    request_body(content((SignUpRequest = "application/json"), (SignUpRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The account is made and signed in", body = SessionResponse, headers(("Location" = String), ("Set-Cookie" = String, description = "The refresh token"))),
    ),
    extensions(("x-problems" = json!(["sign_up_closed", "username_taken", "invalid_username", "name_empty", "name_too_long", "invalid_text", "password_too_short", "password_too_long", "cross_site"]))),
)]
pub(crate) async fn sign_up(
    state: web::Data<WebState>,
    _: AddressRation,
    address: ClientIp,
    _: SameSite,
    FormOrJson(request): FormOrJson<SignUpRequest>,
) -> Result<HttpResponse, ApiError> {
    let username = Username::parse(&request.username)?;
    let name = PersonName::parse(request.name.as_deref().unwrap_or(username.as_str()), &state.limits)?;
    let password = Password::parse_new(&request.password, &state.limits)?;
    let admission = admission(&state, request.invite.as_deref()).await?;
    // Hashing costs a tenth of a second on purpose. Who certainly gets no account is told so before.
    state.store.require_sign_up(&username, admission).await?;
    let _place = state.rations.take_place(Ration::Hashes, None, address.0)?;
    let password_hash = state.passwords.hash(password).await?;
    let (user, events) = state.store.create_user(NewUser { username, name, password_hash, admission }).await?;
    state.bus.dispatch(&events);
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, "/api/v1/me"));
    sessions::begin(&state, answer, &user).await
}

/// What lets the person in.
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
#[utoipa::path(
    get, path = "/api/v1/me", tag = "People",
    responses(
        (status = 200, description = "You", body = UserPayload),
    ),
)]
pub(crate) async fn show_me(identity: Identity) -> HttpResponse {
    HttpResponse::Ok().json(UserPayload::from(identity.user.as_ref()))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindUsersQuery {
    #[serde(default)]
    query: String,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Users)]
struct UsersResponse<'a> {
    items: Vec<UserPayload<'a>>,
}

/// `GET /users`: by name or user name, for inviting and mentioning.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "People",
    params(FindUsersQuery),
    responses(
        (status = 200, description = "Those whose user name, or a word of whose name, begins so", body = UsersResponse),
    ),
    extensions(("x-problems" = json!(["invalid_limit"]))),
)]
pub(crate) async fn find_users(
    state: web::Data<WebState>,
    _: Identity,
    query: web::Query<FindUsersQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, 20, 100)?;
    let users = state.store.find_users(query.query.trim(), limit).await?;
    Ok(HttpResponse::Ok().json(UsersResponse { items: users.iter().map(UserPayload::from).collect() }))
}
