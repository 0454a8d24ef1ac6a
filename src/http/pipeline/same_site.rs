//! Whether a page of another site made the browser send a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::{FromRequest, HttpRequest};

use crate::domain::Refusal;
use crate::http::error::ApiError;
use crate::http::state::WebState;

/// Lets a request through when no browser sent it, or a page of ours did. Taken by every handler that reads or sets the
/// session's cookie: the browser adds that by itself, whoever's page asks (cross-site request forgery).
pub(crate) struct SameSite;

impl FromRequest for SameSite {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(WebState::of(request).and_then(|state| {
            let is_ours = is_ours(request.headers(), state.config.public_url.as_deref());
            if is_ours { Ok(Self) } else { Err(ApiError::Refused(Refusal::CrossSite)) }
        }))
    }
}

/// Browsers of today state the relation in `Sec-Fetch-Site`; older ones only the `Origin`, whose host must then be the
/// one that was asked, or the one that the operator names. Programs send neither.
fn is_ours(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return true };
    let host_of = |url: &str| url.split_once("://").map(|(_, rest)| rest.trim_end_matches('/').to_ascii_lowercase());
    let Some(origin) = host_of(origin) else { return false };
    let asked = text(HOST.as_str()).map(str::to_ascii_lowercase);
    asked.as_ref() == Some(&origin) || public_url.and_then(host_of).as_ref() == Some(&origin)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn verdict(headers: &[(&'static str, &'static str)]) -> bool {
        let request = headers.iter().fold(TestRequest::post(), |request, header| request.insert_header(*header));
        is_ours(request.to_http_request().headers(), Some("https://chat.example.org/"))
    }

    #[test]
    fn programs_and_our_own_page_are_let_through() {
        assert!(verdict(&[("host", "localhost:8080")]));
        assert!(verdict(&[("host", "localhost:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(verdict(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]));
        assert!(verdict(&[("host", "10.0.0.7:8080"), ("origin", "https://chat.example.org")]));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        assert!(!verdict(&[("host", "localhost:8080"), ("sec-fetch-site", "cross-site")]));
        assert!(!verdict(&[("host", "a.example.org"), ("sec-fetch-site", "same-site")]));
        assert!(!verdict(&[("host", "localhost:8080"), ("origin", "http://localhost:9090")]));
        assert!(!verdict(&[("host", "localhost:8080"), ("origin", "https://evil.example")]));
        assert!(!verdict(&[("host", "localhost:8080"), ("origin", "null")]));
        let both = [("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("sec-fetch-site", "cross-site")];
        assert!(!verdict(&both));
    }
}
