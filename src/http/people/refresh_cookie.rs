//! The cookie that carries a session's refresh token: its form, reading it, and deleting what was planted beside it.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::auth::{OpaqueToken, TokenPurpose};
use crate::config::ServeConfig;

use crate::http::pipeline::host::{asked_host, name_of};

/// Over TLS browsers take it from this host alone, and send it nowhere else (RFC 6265bis, 4.1.3.2).
const SECURE_NAME: &str = "__Host-hubbub_refresh";
const NAME: &str = "hubbub_refresh";
/// The only routes that read the cookie, and so the only ones that browsers send it to.
const PATH: &str = "/api/v1/session";
/// The paths of cookies that browsers send to those routes.
const PATHS: [&str; 5] = ["/", "/api", "/api/v1", PATH, "/api/v1/session/refresh"];

/// The refresh token that a browser presents.
pub(crate) enum PresentedCookie {
    /// None, or something else under its name.
    Missing,
    /// The browser's.
    One(OpaqueToken),
    /// A page of a neighbouring host may have planted one of them; nobody can tell which.
    Several,
}

impl PresentedCookie {
    pub(crate) fn of(request: &HttpRequest, config: &ServeConfig) -> Self {
        let Ok(cookies) = request.cookies() else { return Self::Missing };
        let mut named = cookies.iter().filter(|cookie| cookie.name() == name(config));
        match (named.next(), named.next()) {
            (None, _) => Self::Missing,
            (Some(cookie), None) => {
                OpaqueToken::parse(cookie.value(), TokenPurpose::Refresh).map_or(Self::Missing, Self::One)
            }
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// Put into a request's extensions, it makes a refusal delete these cookies.
pub(crate) struct RemovedCookies(pub(crate) Vec<Cookie<'static>>);

/// Out of reach of scripts (`HttpOnly`), of other sites (`SameSite`) and, where there is TLS, of the network (`Secure`).
pub(crate) fn cookie(config: &ServeConfig, value: String) -> Cookie<'static> {
    let path = if config.is_secure() { "/" } else { PATH };
    Cookie::build(name(config), value)
        .path(path)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(config.is_secure())
        .max_age(Duration::days(config.auth.session_days.into()))
        .finish()
}

/// Deletes the browser's own.
pub(crate) fn removal(config: &ServeConfig) -> Cookie<'static> {
    let mut removal = cookie(config, String::new());
    removal.make_removal();
    removal
}

/// Deletes every cookie of the name that a browser can send here: a deletion counts for one path and one domain.
pub(crate) fn removals(request: &HttpRequest, config: &ServeConfig) -> Vec<Cookie<'static>> {
    if config.is_secure() {
        // Browsers keep one `__Host-` cookie: of this host, and for the path `/`.
        return vec![removal(config)];
    }
    let host = asked_host(request, config.auth.trust_proxy).unwrap_or_default();
    let mut domains = vec![None];
    let mut rest = name_of(&host);
    // The host itself and the domains above it, but no top-level one.
    while rest.contains('.') && rest.parse::<IpAddr>().is_err() {
        domains.push(Some(rest.to_owned()));
        rest = rest.split_once('.').map_or("", |(_, above)| above);
    }
    let mut removals = Vec::new();
    for domain in &domains {
        for path in PATHS {
            let mut removal = removal(config);
            removal.set_path(path);
            if let Some(domain) = domain {
                removal.set_domain(domain.clone());
            }
            removals.push(removal);
        }
    }
    removals
}

fn name(config: &ServeConfig) -> &'static str {
    if config.is_secure() { SECURE_NAME } else { NAME }
}
