//! Whether a page of another site made the browser send a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::{FromRequest, HttpRequest};

use tracing::warn;

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
            if let Some(origin) = refused_cookie(request.headers(), state.config.is_secure()) {
                warn!(
                    origin,
                    public_url = state.config.public_url.as_deref(),
                    "a browser refuses the session's cookie: the page was opened over http, and with an https HUBBUB_PUBLIC_URL the \
                     cookie is marked Secure; the person is signed out when the page is loaded again"
                );
            }
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

/// The page that was opened over `http` although cookies are marked `Secure`; browsers keep those of loopback addresses alone.
fn refused_cookie(headers: &HeaderMap, is_secure: bool) -> Option<&str> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?;
    let host = origin.strip_prefix("http://")?;
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let is_loopback =
        name == "localhost" || name.ends_with(".localhost") || name == "[::1]" || name.starts_with("127.");
    (is_secure && !is_loopback).then_some(origin)
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
    fn a_page_over_http_is_noticed_when_cookies_are_secure() {
        let refused = |origin: &'static str, is_secure: bool| {
            let request = TestRequest::post().insert_header(("origin", origin)).to_http_request();
            refused_cookie(request.headers(), is_secure).is_some()
        };
        for origin in ["http://chat.example.org", "http://10.0.0.7:8080", "http://localhost.example.org"] {
            assert!(refused(origin, true) && !refused(origin, false), "{origin}");
        }
        for origin in
            ["https://chat.example.org", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "null"]
        {
            assert!(!refused(origin, true), "{origin}");
        }
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
