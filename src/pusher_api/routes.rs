//! The route table of the Pusher HTTP API, and what the contract says of it.

use actix_web::web::{ServiceConfig, ThinData, get, head, post, resource, scope, to};
use actix_web::{FromRequest, Handler, HttpResponse, Resource};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi, openapi};

use super::error::CallError;
use super::state::PusherApi;
use super::{channels, end_credentials, events, revoke, users};

/// The API's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, api: PusherApi) {
    config.app_data(ThinData(api)).service(
        scope("/apps/{app_id}")
            .service(writes("/events", events::publish_event))
            .service(writes("/batch_events", events::publish_batch))
            .service(reads("/channels", channels::list_channels))
            .service(reads("/channels/{channel}", channels::show_channel))
            .service(reads("/channels/{channel}/users", channels::list_users))
            .service(reads("/connections", channels::count_connections))
            .service(writes("/end_credentials", end_credentials::end_credentials))
            .service(writes("/revoke", revoke::revoke_right))
            .service(writes("/users/{user_id}/terminate_connections", users::terminate_connections))
            .default_service(to(|| async { Err::<HttpResponse, _>(CallError::UnknownCall) })),
    );
}

/// A call that asks. `HEAD` has the signature of its own method.
fn reads<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args, Output = Result<HttpResponse, CallError>>,
    Args: FromRequest + 'static,
{
    let refused = to(|| async { Err::<HttpResponse, _>(CallError::Method("GET, HEAD")) });
    resource(path).route(get().to(handler.clone())).route(head().to(handler)).default_service(refused)
}

/// A call that changes something.
fn writes<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args, Output = Result<HttpResponse, CallError>>,
    Args: FromRequest + 'static,
{
    let refused = to(|| async { Err::<HttpResponse, _>(CallError::Method("POST")) });
    resource(path).route(post().to(handler)).default_service(refused)
}

#[derive(OpenApi)]
#[openapi(paths(
    events::publish_event,
    events::publish_batch,
    channels::list_channels,
    channels::show_channel,
    channels::list_users,
    channels::count_connections,
    end_credentials::end_credentials,
    revoke::revoke_right,
    users::terminate_connections,
))]
struct Annotations;

/// How a call is signed: four parameters of the query, all of them needed.
const SIGNATURE: [(&str, &str); 4] = [
    ("auth_key", "The app's key"),
    ("auth_timestamp", "Seconds since 1970 UTC; at most 600 from the server's time"),
    ("auth_version", "`1.0`"),
    (
        "auth_signature",
        "Hex of HMAC-SHA-256, with the app's secret, of the method, the path and the query (without this parameter; names in lower \
         case and in order, values not encoded), joined by line feeds. A call with a body has the parameter `body_md5`, the hex of its \
         MD5, in the query. Pusher's server SDKs do it",
    ),
];

/// The calls as OpenAPI, with the tag `Pusher`, for `docs/openapi.json`.
#[must_use]
pub fn contract() -> openapi::OpenApi {
    let mut contract = Annotations::openapi();
    let components = contract.components.get_or_insert_default();
    for (name, description) in SIGNATURE {
        let parameter = ApiKeyValue::with_description(name, description);
        components.add_security_scheme(format!("pusher_{name}"), SecurityScheme::ApiKey(ApiKey::Query(parameter)));
    }
    let error = ObjectBuilder::new().property("error", ObjectBuilder::new().schema_type(Type::String));
    components.schemas.insert("PusherError".to_owned(), Schema::from(error.required("error").build()).into());
    if let Some(event) = components.schemas.remove("PusherEvent") {
        components.schemas.insert("PusherEvent".to_owned(), with_channels(event));
    }
    for item in contract.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.head, &mut item.post].into_iter().flatten() {
            add_signature_and_errors(operation);
        }
    }
    contract
}

/// An event goes to one channel at least.
fn with_channels(event: RefOr<Schema>) -> RefOr<Schema> {
    let one = ObjectBuilder::new().property("channel", ObjectBuilder::new().schema_type(Type::String));
    let several = ObjectBuilder::new().property("channels", ArrayBuilder::new().min_items(Some(1)));
    let either = AnyOfBuilder::new().item(one.required("channel")).item(several.required("channels"));
    Schema::from(AllOfBuilder::new().item(event).item(either).build()).into()
}

fn add_signature_and_errors(operation: &mut Operation) {
    let names = SIGNATURE.map(|(name, _)| format!("pusher_{name}"));
    let all = names.iter().fold(SecurityRequirement::default(), |all, name| all.add::<_, _, &str>(name, []));
    operation.security = Some(vec![all]);
    let mut errors = vec![
        ("400", "The query or the body is invalid"),
        ("401", "The signature, or what it covers, is wrong"),
        ("403", "The app is disabled"),
        ("404", "No app has this id"),
        ("503", "The server is busy or about to stop; nothing was published"),
    ];
    if operation.request_body.is_some() {
        errors.extend([("413", "Larger than a setting allows"), ("415", "`Content-Encoding` is not gzip")]);
    }
    let key = "Idempotency-Key";
    let has_key =
        |parameter: &RefOr<_>| matches!(parameter, RefOr::T(openapi::path::Parameter { name, .. }) if name == key);
    if operation.parameters.iter().flatten().any(has_key) {
        errors.push(("409", "The key was used with another body"));
    }
    for (status, description) in errors {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("PusherError"))).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content).build();
        operation.responses.responses.insert(status.to_owned(), response.into());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_contract_has_every_call_and_no_other() {
        let (_, table) = include_str!("routes.rs").split_once("pub fn configure").expect("the route table");
        let (table, _) = table.split_once("default_service").expect("its end");
        let mut calls = BTreeSet::new();
        for (kind, methods) in [("reads(\"", ["GET", "HEAD"].as_slice()), ("writes(\"", &["POST"])] {
            for call in table.split(kind).skip(1) {
                let (path, _) = call.split_once('"').expect("a path in quotation marks");
                calls.extend(methods.iter().map(|method| format!("{method} /apps/{{app_id}}{path}")));
            }
        }
        assert!(calls.len() > 10, "this test no longer sees the calls: {calls:?}");
        let mut documented = BTreeSet::new();
        for (path, item) in contract().paths.paths {
            for (method, operation) in [("GET", item.get), ("HEAD", item.head), ("POST", item.post)] {
                documented.extend(operation.map(|_| format!("{method} {path}")));
            }
        }
        assert_eq!(documented, calls);
    }
}
