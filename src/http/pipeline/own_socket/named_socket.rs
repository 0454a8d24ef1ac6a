//! The socket of whoever sends a request, for "everyone but me".

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::pusher::SocketId;

use crate::http::error::ApiError;

/// The header `X-Socket-Id`, which Laravel Echo adds to its requests: this socket gets no event, for its page knows from
/// the answer. What is no socket id is taken for none.
/// It counts when the socket is the caller's own ([`SocketClaims`](super::claims::SocketClaims)).
pub(crate) struct NamedSocket(pub(crate) Option<SocketId>);

impl FromRequest for NamedSocket {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.headers().get("x-socket-id").and_then(|id| id.to_str().ok());
        ready(Ok(Self(id.and_then(|id| id.parse().ok()))))
    }
}
