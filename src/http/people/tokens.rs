//! API tokens: how scripts sign in. Made, listed and revoked by a signed-in person, never by another token.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::domain::{ApiTokenId, Credential, EndedCredential, PersonName, Timestamp};
use crate::store::{ApiToken, TokenHash};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
struct TokenResponse<'a> {
    id: ApiTokenId,
    name: &'a str,
    /// The secret; shown once, when the token is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<&'a str>,
    created_at: Timestamp,
    #[schema(required)]
    last_used_at: Option<Timestamp>,
}

impl<'a> TokenResponse<'a> {
    fn new(token: &'a ApiToken, secret: Option<&'a OpaqueToken>) -> Self {
        Self {
            id: token.id,
            name: &token.name,
            token: secret.map(OpaqueToken::expose),
            created_at: token.created_at,
            last_used_at: token.last_used_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApiTokens)]
struct TokensResponse<'a> {
    items: Vec<TokenResponse<'a>>,
}

/// `GET /tokens`.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "People",
    responses(
        (status = 200, description = "Your API tokens", body = TokensResponse),
    ),
    extensions(("x-problems" = json!(["session_needed"]))),
)]
pub(crate) async fn list_tokens(state: web::Data<WebState>, identity: Identity) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    let tokens = state.store.api_tokens(identity.user_id()).await?;
    let items = tokens.iter().map(|token| TokenResponse::new(token, None)).collect();
    Ok(HttpResponse::Ok().json(TokensResponse { items }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTokenRequest {
    #[schema(schema_with = text_schema::line::<80>)]
    name: String,
}

/// `POST /tokens`.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "People",
    request_body = CreateTokenRequest,
    responses(
        (status = 201, description = "The token; it is shown once", body = TokenResponse),
    ),
    extensions(("x-problems" = json!(["session_needed", "name_empty", "name_too_long", "invalid_text"]))),
)]
pub(crate) async fn create_token(
    state: web::Data<WebState>,
    address: ClientIp,
    identity: Identity,
    Json(request): Json<CreateTokenRequest>,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    // The rule for people's names is the one wanted: one line that can be read.
    let name = PersonName::parse(&request.name, &state.limits)?;
    let secret = OpaqueToken::generate(TokenPurpose::Api);
    let hash = TokenHash(secret.digest());
    let token = state.store.called_from(address.0).create_api_token(identity.user_id(), name.to_string(), hash).await?;
    Ok(HttpResponse::Created().json(TokenResponse::new(&token, Some(&secret))))
}

/// `DELETE /tokens/{id}`: revokes it at once.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "People",
    params(("id" = ApiTokenId, Path)),
    responses(
        (status = 204, description = "The token is void"),
    ),
    extensions(("x-problems" = json!(["session_needed", "token_not_found"]))),
)]
pub(crate) async fn delete_token(
    state: web::Data<WebState>,
    address: ClientIp,
    identity: Identity,
    id: web::Path<ApiTokenId>,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    state.store.called_from(address.0).delete_api_token(identity.user_id(), *id).await?;
    let credential = Credential::ApiToken(*id);
    state.end_credentials(&[EndedCredential { credential, user_id: identity.user_id() }]);
    Ok(HttpResponse::NoContent().finish())
}
