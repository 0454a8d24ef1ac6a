//! Counting requests against the rations of their routes.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::domain::UserId;
use crate::http::error::ApiError;
use crate::http::pipeline::client_ip::client_ip;
use crate::http::state::WebState;

use super::counters::RationState;
use super::routes::ration_of;

/// Counts a request of nobody in particular against its address's ration.
pub(crate) struct AddressRation;

impl WebState {
    /// Counts a request against its route's ration, and notes what is left for the answer's headers.
    pub(crate) fn count_request(&self, request: &HttpRequest, person: Option<UserId>) -> Result<(), ApiError> {
        let Some(ration) = ration_of(request) else { return Ok(()) };
        match self.rations.count(ration, person, client_ip(request)?) {
            Ok(Some(state)) => drop(request.extensions_mut().insert(state)),
            Ok(None) => {}
            Err(used_up) => {
                request.extensions_mut().insert(RationState::used_up(&used_up));
                return Err(used_up.into());
            }
        }
        Ok(())
    }
}

impl FromRequest for AddressRation {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(WebState::of(request).and_then(|state| state.count_request(request, None)).map(|()| Self))
    }
}
