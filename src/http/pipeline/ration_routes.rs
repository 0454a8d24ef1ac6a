//! Which ration a request counts against, by its route.

use actix_web::HttpRequest;
use actix_web::http::Method;

use crate::config::Ration;

/// The routes with a ration of their own. What is not here and changes something counts as [`Ration::Changes`].
const ROUTES: &[(Method, &str, Option<Ration>)] = &[
    (Method::POST, "/api/v1/rooms/{id}/messages", Some(Ration::Posts)),
    (Method::PATCH, "/api/v1/rooms/{id}/messages/{message}", Some(Ration::Posts)),
    (Method::DELETE, "/api/v1/rooms/{id}/messages/{message}", Some(Ration::Posts)),
    (Method::POST, "/api/v1/rooms", Some(Ration::Rooms)),
    (Method::POST, "/api/v1/rooms/{id}/join", Some(Ration::Joins)),
    (Method::POST, "/api/v1/rooms/{id}/members", Some(Ration::Joins)),
    (Method::DELETE, "/api/v1/rooms/{id}/members/{user_id}", Some(Ration::Joins)),
    (Method::POST, "/api/v1/tokens", Some(Ration::Tokens)),
    (Method::POST, "/api/v1/invites", Some(Ration::Invites)),
    (Method::POST, "/api/v1/webhooks", Some(Ration::Webhooks)),
    (Method::POST, "/api/v1/rooms/{id}/files", Some(Ration::Files)),
    (Method::POST, "/api/v1/rooms/{id}/documents", Some(Ration::Documents)),
    (Method::PUT, "/api/v1/documents/{id}", Some(Ration::DocumentSaves)),
    (Method::POST, "/api/v1/documents/{id}/versions/{number}/restore", Some(Ration::DocumentSaves)),
    (Method::GET, "/api/v1/search", Some(Ration::Searches)),
    (Method::POST, "/broadcasting/auth", Some(Ration::ChannelRights)),
    (Method::POST, "/broadcasting/user-auth", Some(Ration::ChannelRights)),
    (Method::POST, "/api/v1/users", Some(Ration::SignUps)),
    (Method::POST, "/api/v1/session/refresh", Some(Ration::Refreshes)),
    // Counted by the brake on guessing, which knows the user name.
    (Method::POST, "/api/v1/session", None),
    // Whoever wants to leave is never held.
    (Method::DELETE, "/api/v1/session", None),
];

/// The ration that a request counts against; `None` for one that only reads.
pub(crate) fn ration_of(request: &HttpRequest) -> Option<Ration> {
    let is_change = !request.method().is_safe();
    let pattern = request.match_pattern()?;
    let route = ROUTES.iter().find(|(method, route, _)| method == request.method() && *route == pattern);
    match route {
        Some((.., ration)) => *ration,
        None => is_change.then_some(Ration::Changes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::instance::openapi::allowed_methods;

    #[test]
    fn every_route_of_the_table_exists() {
        for (method, route, _) in ROUTES {
            let methods = allowed_methods(route).unwrap_or_default();
            assert!(methods.split(", ").any(|allowed| allowed == method.as_str()), "{method} {route}: {methods}");
        }
    }
}
