//! Starts the timeline of a message when its request arrives.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::timeline::Timeline;

use crate::http::error::ApiError;

/// A timeline that starts when the request's head has been read. It stands first among a handler's parameters, so that the
/// time for the others counts.
pub(crate) struct StartTimeline(pub(crate) Arc<Timeline>);

impl FromRequest for StartTimeline {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Timeline::start())))
    }
}
