//! API tokens: how scripts sign in. Made, listed and revoked by a signed-in person, never by another token.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::domain::{ApiTokenId, PersonName, Timestamp};
use crate::store::{ApiToken, TokenHash};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::identity_cache::Credential;
use crate::http::state::WebState;

#[derive(Serialize)]
struct TokenResponse<'a> {
    id: ApiTokenId,
    name: &'a str,
    /// The secret; shown once, when the token is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    created_at: Timestamp,
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

#[derive(Serialize)]
struct TokensResponse<'a> {
    items: Vec<TokenResponse<'a>>,
}

/// `GET /tokens`.
pub(crate) async fn list_tokens(state: web::Data<WebState>, identity: Identity) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    let tokens = state.store.api_tokens(identity.user_id()).await?;
    let items = tokens.iter().map(|token| TokenResponse::new(token, None)).collect();
    Ok(HttpResponse::Ok().json(TokensResponse { items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTokenRequest {
    name: String,
}

/// `POST /tokens`.
pub(crate) async fn create_token(
    state: web::Data<WebState>,
    identity: Identity,
    Json(request): Json<CreateTokenRequest>,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    // The rule for people's names is the one wanted: one line that can be read.
    let name = PersonName::parse(&request.name, &state.limits)?;
    let secret = OpaqueToken::generate(TokenPurpose::Api);
    let hash = TokenHash(secret.digest());
    let token = state.store.create_api_token(identity.user_id(), name.to_string(), hash).await?;
    Ok(HttpResponse::Created().json(TokenResponse::new(&token, Some(&secret))))
}

/// `DELETE /tokens/{id}`: revokes it at once.
pub(crate) async fn delete_token(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<ApiTokenId>,
) -> Result<HttpResponse, ApiError> {
    identity.require_session()?;
    state.store.delete_api_token(identity.user_id(), *id).await?;
    state.identities.forget(Credential::ApiToken(*id));
    Ok(HttpResponse::NoContent().finish())
}
