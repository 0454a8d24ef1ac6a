//! The API's contract as OpenAPI 3.1: `GET /api/v1/openapi.json`, and committed as `docs/openapi.json`.
//!
//! Each handler is annotated with what it takes and answers; here the annotations become one document, and every operation gets
//! the answers that it has in common with others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::OpenApi;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder};

use crate::http::instance::openapi_problems::add_problems;
use crate::http::pipeline::problem::ProblemResponse;
use crate::http::text_schema;
use crate::json::{
    DocumentSavedPayload, EventPayload, ResyncPayload, RoomHeadPayload, RoomNoticePayload, RoomReadPayload,
};

const DESCRIPTION: &str = "A self-hosted chat and real-time server. Lengths in the schemas are the defaults of the settings; \
    `GET /api/v1/instance` tells the limits of this server. Errors are `application/problem+json` (RFC 9457). What the socket \
    carries is described by the schemas `Event`, `RoomHead`, `RoomNotice`, `RoomRead` and `DocumentSaved`.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Hubbub", description = DESCRIPTION),
    security(("token" = [])),
    components(schemas(
        EventPayload, RoomHeadPayload, RoomNoticePayload, RoomReadPayload, ResyncPayload, DocumentSavedPayload,
        ProblemResponse
    )),
    paths(
        crate::http::broadcasting::authorize_channel,
        crate::http::broadcasting::authenticate_user,
        crate::http::channel_rights::authorize_channels,
        crate::http::documents::document::list_documents,
        crate::http::documents::document::create_document,
        crate::http::documents::document::change_document,
        crate::http::documents::document::delete_document,
        crate::http::documents::document::show_document,
        crate::http::documents::document::show_text,
        crate::http::documents::saves::save_document,
        crate::http::documents::saves::restore_version,
        crate::http::documents::versions::list_versions,
        crate::http::documents::versions::show_version,
        crate::http::files::file::upload_file,
        crate::http::files::file::show_file,
        crate::http::files::file::show_thumbnail,
        crate::http::instance::health::show_live,
        crate::http::instance::health::show_ready,
        crate::http::instance::info::show_instance,
        crate::http::log::catch_up::list_events,
        crate::http::log::stream::stream_events,
        crate::http::messages::history::list_messages,
        crate::http::messages::post::post_message,
        crate::http::messages::post::show_message,
        crate::http::messages::post::edit_message,
        crate::http::messages::post::delete_message,
        crate::http::messages::reactions::add_reaction,
        crate::http::messages::reactions::remove_reaction,
        crate::http::messages::timeline::show_timeline,
        crate::http::people::account::change_account,
        crate::http::people::account::change_password,
        crate::http::people::account::sign_out_everywhere,
        crate::http::people::invites::create_invite,
        crate::http::people::sessions::sign_in,
        crate::http::people::sessions::refresh,
        crate::http::people::sessions::sign_out,
        crate::http::people::tokens::list_tokens,
        crate::http::people::tokens::create_token,
        crate::http::people::tokens::delete_token,
        crate::http::people::users::sign_up,
        crate::http::people::users::show_me,
        crate::http::people::users::find_users,
        crate::http::rooms::members::list_members,
        crate::http::rooms::members::add_member,
        crate::http::rooms::members::remove_member,
        crate::http::rooms::reads::mark_read,
        crate::http::rooms::room::list_rooms,
        crate::http::rooms::room::show_room,
        crate::http::rooms::room::create_room,
        crate::http::rooms::room::change_room,
        crate::http::rooms::room::delete_room,
        crate::http::rooms::room::join_room,
        crate::http::search::search_messages,
        crate::http::webhooks::deliveries::list_deliveries,
        crate::http::webhooks::deliveries::retry_delivery,
        crate::http::webhooks::webhook::list_webhooks,
        crate::http::webhooks::webhook::create_webhook,
        crate::http::webhooks::webhook::delete_webhook,
        show_contract,
        crate::http::instance::page::show_docs,
    )
)]
struct Annotations;

/// The document, and what of it is asked often.
static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::build);

struct Document {
    json: String,
    /// By path with its placeholders: `GET, POST`.
    methods: BTreeMap<String, String>,
}

impl Document {
    fn build() -> Self {
        let document = document();
        let methods =
            |item: &PathItem| operations(item).iter().map(|(method, _)| *method).collect::<Vec<_>>().join(", ");
        Self {
            methods: document.paths.paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect(),
            json: pretty(&document),
        }
    }
}

/// `GET /openapi.json`.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "Instance",
    security(()),
    responses((status = 200, description = "This document", body = Object)),
)]
pub(crate) async fn show_contract() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(DOCUMENT.json.as_str())
}

/// The methods of a route, as the header `Allow` lists them (RFC 9110, 10.2.1).
pub(crate) fn allowed_methods(path: &str) -> Option<&'static str> {
    DOCUMENT.methods.get(path).map(String::as_str)
}

fn document() -> utoipa::openapi::OpenApi {
    let mut document = Annotations::openapi();
    if let Some(components) = &mut document.components {
        let bearer =
            Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An access token or an API token"));
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    }
    let mut schemas = document.components.take().unwrap_or_default();
    for (path, item) in &mut document.paths.paths {
        name_head(item);
        for operation in operations_mut(item) {
            add_problems(path, operation);
            let_body_be_missing(operation, &schemas.schemas);
            describe_texts_and_bytes(path, operation);
            describe_parameters(operation);
        }
    }
    if let Some(message) = schemas.schemas.remove("PostMessageRequest") {
        schemas.schemas.insert("PostMessageRequest".to_owned(), with_text_or_files(message));
    }
    document.components = Some(schemas);
    document.merge(with_heads(crate::pusher_api::contract()));
    document.webhooks = Some(webhooks());
    document
}

fn with_heads(mut contract: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in contract.paths.paths.values_mut() {
        name_head(item);
        operations_mut(item).for_each(describe_parameters);
    }
    contract
}

/// A parameter is there or not, and never null. These two have schemas of their own, from which it is not seen that they must be
/// there.
fn describe_parameters(operation: &mut Operation) {
    let needed = [("search_messages", "q"), ("upload_file", "name")];
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if needed.contains(&(operation.operation_id.as_deref().unwrap_or_default(), parameter.name.as_str())) {
            parameter.required = Required::True;
        }
        if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && object.schema_type == SchemaType::from_iter([Type::String, Type::Null])
        {
            object.schema_type = SchemaType::Type(Type::String);
        }
    }
}

/// No body at all is `{}`: where no field is required, no body is.
fn let_body_be_missing(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(json)) = body.content.get("application/json") else { return };
    let Some(RefOr::Ref(reference)) = &json.schema else { return };
    let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
    if let Some(RefOr::T(Schema::Object(object))) = schemas.get(name)
        && object.required.is_empty()
    {
        body.required = Some(Required::False);
    }
}

/// Bodies that are no JSON: a message's text, a file, an update of a document.
fn describe_texts_and_bytes(path: &str, operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (media_type, content) in &mut body.content {
            let RefOr::T(content) = content else { continue };
            content.schema = match media_type.as_str() {
                "text/plain" => Some(RefOr::T(text_schema::message().into())),
                "application/octet-stream" if path.starts_with("/api/v1/documents/") => {
                    Some(RefOr::T(text_schema::bytes("yjs-update-binary").into()))
                }
                "application/octet-stream" => Some(RefOr::T(text_schema::bytes("binary").into())),
                _ => continue,
            };
        }
        // An empty file needs no body.
        if path.ends_with("/files") {
            body.required = Some(Required::False);
        }
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for (media_type, content) in &mut response.content {
            if let RefOr::T(content) = content
                && matches!(media_type.as_str(), "*/*" | "image/*")
            {
                content.schema = Some(RefOr::T(text_schema::bytes("binary").into()));
            }
        }
    }
}

/// A message has a text with something to see, or files.
fn with_text_or_files(message: RefOr<Schema>) -> RefOr<Schema> {
    let text = ObjectBuilder::new().property("body", text_schema::message());
    let files = ArrayBuilder::new().min_items(Some(1));
    let files = ObjectBuilder::new().property("file_ids", files).required("file_ids");
    let either = AnyOfBuilder::new().item(text).item(files);
    Schema::from(AllOfBuilder::new().item(message).item(either).build()).into()
}

/// Two operations need two names, and an answer to HEAD has no body.
fn name_head(item: &mut PathItem) {
    let Some(head) = &mut item.head else { return };
    head.operation_id = head.operation_id.as_ref().map(|id| format!("{id}_head"));
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}

/// What a webhook is sent.
fn webhooks() -> Paths {
    let header = |name: &str, description: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
    };
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Event"))).build();
    let call = OperationBuilder::new()
        .summary(Some("An event of a room, for a webhook that was made with `POST /api/v1/webhooks`"))
        .parameter(header("webhook-id", "The same for every attempt to send one event to one webhook"))
        .parameter(header("webhook-timestamp", "The time of the attempt, in seconds since 1970 UTC"))
        .parameter(header("webhook-signature", "`v1,` and base64 of HMAC-SHA-256 over id, timestamp and body"))
        .request_body(Some(
            RequestBodyBuilder::new().content("application/json", body).required(Some(Required::True)).build(),
        ))
        .response("2XX", ResponseBuilder::new().description("Accepted; anything else is tried again, but for 410"));
    PathsBuilder::new().path("event", PathItem::new(HttpMethod::Post, call)).build()
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("HEAD", &item.head),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.head, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    all.into_iter().flatten()
}

/// The types here have string keys and no fallible serialisers, so there is nothing that can fail.
#[expect(clippy::expect_used, reason = "states the invariant above")]
fn pretty(document: &utoipa::openapi::OpenApi) -> String {
    // By way of a value, whose keys are in order: the same document has the same text.
    let value = serde_json::to_value(document).expect("the document is serialisable");
    serde_json::to_string_pretty(&value).expect("the document is serialisable") + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::{env, fs};

    use super::*;

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        if env::var_os("HUBBUB_UPDATE_DOCS").is_some() {
            fs::write(path, &DOCUMENT.json).expect("docs/ is writable");
        }
        let committed = fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == DOCUMENT.json,
            "docs/openapi.json is old; run: HUBBUB_UPDATE_DOCS=1 cargo test --lib openapi"
        );
    }

    /// Reads the table's source text: what actix has registered cannot be asked.
    fn routes() -> BTreeSet<(String, String)> {
        let (_, table) = include_str!("../mod.rs").split_once("pub fn configure").expect("the route table");
        let mut routes = BTreeSet::new();
        for resource in table.split("resource(\"").skip(1) {
            let (path, methods) = resource.split_once('"').expect("a path in quotation marks");
            let is_absolute = ["/broadcasting/", "/health/", "/api/"].iter().any(|prefix| path.starts_with(prefix));
            let path = if is_absolute { path.to_owned() } else { format!("/api/v1{path}") };
            for method in methods.split(".route(").skip(1) {
                let (method, _) = method.split_once('(').expect("a method");
                routes.insert((method.to_uppercase(), path.clone()));
            }
        }
        routes
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let mut document = document();
        // These have a table of their own.
        document.paths.paths.retain(|path, _| !path.starts_with("/apps/"));
        let documented: BTreeSet<_> = document
            .paths
            .paths
            .iter()
            .flat_map(|(path, item)| operations(item).into_iter().map(|(method, _)| (method.to_owned(), path.clone())))
            .collect();
        assert_eq!(documented, routes());
        assert!(documented.len() > 40, "only {} routes were found: this test no longer sees them", documented.len());
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let json: serde_json::Value = serde_json::from_str(&DOCUMENT.json).expect("JSON");
        let schemas = json["components"]["schemas"].as_object().expect("schemas");
        for reference in DOCUMENT.json.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().expect("a name");
            assert!(schemas.contains_key(name), "{name}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = document();
        let all: Vec<_> = document.paths.paths.values().flat_map(|item| operations(item)).collect();
        let names: BTreeSet<_> = all.iter().filter_map(|(_, operation)| operation.operation_id.clone()).collect();
        assert_eq!(names.len(), all.len());
    }

    /// The fields of an object's example, such as `UserRef   {"id":2,"username":"ada"}`: what stands in quotation marks before
    /// a colon, one brace deep. Comments are left out.
    fn documented_fields(example: &str) -> BTreeSet<String> {
        let code = example.lines().map(|line| line.split("  //").next().unwrap_or_default()).collect::<String>();
        let (mut fields, mut depth, mut rest) = (BTreeSet::new(), 0, code.as_str());
        while let Some(found) = rest.find(['{', '}', '"']) {
            let (mark, after) = (&rest[found..=found], &rest[found + 1..]);
            rest = after;
            match mark {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                _ => {
                    let (text, after) = after.split_once('"').expect("a closing quotation mark");
                    rest = after;
                    if depth == 1 && after.starts_with(':') {
                        fields.insert(text.to_owned());
                    }
                }
            }
        }
        fields
    }

    fn schema_fields(schemas: &serde_json::Value, name: &str) -> BTreeSet<String> {
        let name = name.rsplit('/').next().unwrap_or_default();
        let schema = &schemas[name];
        let own = std::iter::once(schema).chain(schema["allOf"].as_array().into_iter().flatten());
        let parts: Vec<_> = own.collect();
        let referred =
            parts.iter().filter_map(|part| part["$ref"].as_str()).flat_map(|name| schema_fields(schemas, name));
        let named =
            parts.iter().filter_map(|part| part["properties"].as_object()).flat_map(|fields| fields.keys().cloned());
        named.chain(referred).collect()
    }

    #[test]
    fn the_objects_of_the_documentation_have_the_fields_of_their_schemas() {
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).expect("the documentation");
        let json: serde_json::Value = serde_json::from_str(&DOCUMENT.json).expect("JSON");
        let schemas = &json["components"]["schemas"];
        let examples = [
            ("User     {", "User"),
            ("UserRef  {", "UserRef"),
            ("Room     {", "Room"),
            ("Message  {", "Message"),
            ("File     {", "File"),
            ("Document {", "Document"),
            ("Version  {", "DocumentVersion"),
            ("Webhook   {", "Webhook"),
            ("Delivery  {", "Delivery"),
            ("{\"name\":\"Hubbub\",", "Instance"),
        ];
        for (beginning, schema) in examples {
            let start = text.find(&format!("\n{beginning}")).unwrap_or_else(|| panic!("no example of {schema}"));
            assert_eq!(documented_fields(&text[start + 1..]), schema_fields(schemas, schema), "{schema}");
        }
    }
}
