//! The address that a request comes from.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::http::error::ApiError;
use crate::http::state::WebState;

/// The caller's address: the socket's, or with `HUBBUB_TRUST_PROXY` what the proxy wrote into `X-Forwarded-For`.
pub(crate) struct ClientIp(pub(crate) IpAddr);

impl FromRequest for ClientIp {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(client_ip(request).map(Self))
    }
}

/// The caller's address.
///
/// # Errors
/// [`ApiError::Internal`] when the connection has none.
pub(crate) fn client_ip(request: &HttpRequest) -> Result<IpAddr, ApiError> {
    let forwarded = if WebState::of(request)?.config.auth.trust_proxy { forwarded_for(request) } else { None };
    let peer = || request.peer_addr().map(|peer| peer.ip());
    forwarded.or_else(peer).ok_or_else(|| ApiError::Internal("the request has no address".to_owned()))
}

/// The last entry of the last header: the one that our own proxy wrote. Those before it are the caller's to invent.
fn forwarded_for(request: &HttpRequest) -> Option<IpAddr> {
    let header = request.headers().get_all("x-forwarded-for").next_back()?;
    header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}
