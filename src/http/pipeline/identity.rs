//! Who sends a request: the extractor that every handler behind a sign-in takes, and the one for the caller's own socket.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::domain::{Credential, Refusal, Role, SessionId, User, UserId};
use crate::pusher::SocketId;
use crate::store::TokenHash;

use crate::http::error::ApiError;
use crate::http::pipeline::identity_cache::Presented;
use crate::http::state::WebState;

/// The person who sends a request, by an access token or an API token.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) user: Arc<User>,
    pub(crate) credential: Credential,
    presented: Presented,
}

impl Identity {
    pub(crate) fn user_id(&self) -> UserId {
        self.user.id
    }

    /// # Errors
    /// [`Refusal::AdministratorsOnly`] for everybody else.
    pub(crate) fn require_administrator(&self) -> Result<(), ApiError> {
        match self.user.role {
            Role::Administrator => Ok(()),
            Role::Member => Err(ApiError::Refused(Refusal::AdministratorsOnly)),
        }
    }

    /// The session, for what an API token must not do: with a leaked one nobody shall make others.
    ///
    /// # Errors
    /// [`Refusal::SessionNeeded`] for an API token.
    pub(crate) const fn require_session(&self) -> Result<SessionId, ApiError> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::ApiToken(_) => Err(ApiError::Refused(Refusal::SessionNeeded)),
        }
    }

    /// Whether the session or the token still stands: asked of the store, for what follows must not reach somebody whose
    /// right ended a moment ago in another process.
    pub(crate) async fn is_still_good(&self, state: &WebState) -> Result<bool, ApiError> {
        match read(state, self.presented).await {
            Ok(_) => Ok(true),
            Err(ApiError::Refused(Refusal::SessionEnded) | ApiError::Refused(Refusal::TokenInvalid)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl FromRequest for Identity {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = WebState::of(&request)?;
            let identity = identify(state, &request).await?;
            tracing::Span::current().record("user_id", identity.user.id.0);
            state.count_request(&request, Some(identity.user.id))?;
            Ok(identity)
        })
    }
}

impl WebState {
    /// The state of the server that received `request`.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, ApiError> {
        let state = request.app_data::<web::Data<Self>>();
        state.map(|state| state.get_ref()).ok_or_else(|| ApiError::Internal("the web state is missing".to_owned()))
    }
}

async fn identify(state: &WebState, request: &HttpRequest) -> Result<Identity, ApiError> {
    let token = bearer_token(request).ok_or(ApiError::Refused(Refusal::TokenMissing))?;
    if let Some(token) = OpaqueToken::parse(token, TokenPurpose::Api) {
        return look_up(state, Presented::ApiToken(TokenHash(token.digest()))).await;
    }
    let claims = state.access_tokens.verify(token)?;
    let identity = look_up(state, Presented::Session(claims.session_id)).await?;
    if identity.user.id == claims.user_id { Ok(identity) } else { Err(ApiError::Refused(Refusal::TokenInvalid)) }
}

/// `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whom a token stands for: from the cache, or else from the store.
async fn look_up(state: &WebState, presented: Presented) -> Result<Identity, ApiError> {
    if let Some((user, credential)) = state.identities.get(presented) {
        return Ok(Identity { user, credential, presented });
    }
    let reading = state.identities.begin_reading();
    let (user, credential) = read(state, presented).await?;
    let user = Arc::new(user);
    state.identities.remember(&reading, presented, &user, credential);
    Ok(Identity { user, credential, presented })
}

/// Whom a token stands for, from the store.
async fn read(state: &WebState, presented: Presented) -> Result<(User, Credential), ApiError> {
    match presented {
        Presented::Session(id) => {
            let user = state.store.session_user(id).await?.ok_or(ApiError::Refused(Refusal::SessionEnded))?;
            Ok((user, Credential::Session(id)))
        }
        Presented::ApiToken(hash) => {
            let (id, user) = state.store.api_token_user(hash).await?.ok_or(ApiError::Refused(Refusal::TokenInvalid))?;
            Ok((user, Credential::ApiToken(id)))
        }
    }
}

/// The caller's own socket, by the header `X-Socket-Id`, which Laravel Echo adds to its requests: this socket is not sent the
/// event, because its page knows from the response. A value that is no socket id is ignored.
///
/// A caller could name the socket of somebody else. That page would miss one frame, see the gap, and fetch the event.
pub(crate) struct ExcludedSocket(pub(crate) Option<SocketId>);

impl FromRequest for ExcludedSocket {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.headers().get("x-socket-id").and_then(|id| id.to_str().ok());
        ready(Ok(Self(id.and_then(|id| id.parse().ok()))))
    }
}
