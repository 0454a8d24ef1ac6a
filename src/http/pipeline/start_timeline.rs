//! The beginning of a message's time line.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::timeline::Timeline;

use crate::http::error::ApiError;

/// A timeline that begins when the request's head has been read. First among a handler's parameters, so that the time for
/// the others counts.
pub(crate) struct Received(pub(crate) Arc<Timeline>);

impl FromRequest for Received {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Timeline::start())))
    }
}
