//! The errors that each operation of the contract can answer.
//!
//! A handler's annotation lists those of its own in `x-problems`; what follows from its parts (a token, a body, a query, a
//! path with an id) is added here.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, ResponseBuilder};

use crate::domain::Refusal as R;

const PROBLEMS: &str = "x-problems";

const OF_A_TOKEN: [R; 4] = [R::TokenMissing, R::TokenInvalid, R::TokenExpired, R::SessionEnded];
const OF_A_BODY: [R; 5] = [R::InvalidUtf8, R::BodyIncomplete, R::BodyTooSlow, R::BodyTooLarge, R::UnsupportedMediaType];
const OF_JSON: [R; 5] = [R::InvalidJson, R::UnknownField, R::MissingField, R::DuplicateField, R::InvalidBodyField];
const OF_THE_SERVER: [R; 5] = [R::ForeignHost, R::RationUsedUp, R::Internal, R::Unavailable, R::ReadTimeout];

/// Adds an answer for each status that the operation's refusals have.
pub(super) fn add_problems(path: &str, operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<R>> = BTreeMap::new();
    for refusal in refusals(path, operation) {
        let refusals = by_status.entry(refusal.status()).or_default();
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    for (status, refusals) in by_status {
        let description = refusals.iter().map(|refusal| format!("- `{}`: {}", refusal.code(), refusal.sentence()));
        let mut response = ResponseBuilder::new().description(description.collect::<Vec<_>>().join("\n"));
        let codes = ObjectBuilder::new().property("code", codes(&refusals));
        let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(codes).build();
        response = response
            .content("application/problem+json", ContentBuilder::new().schema(Some(Schema::from(schema))).build());
        operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
    }
}

/// A text that is the code of one of these.
pub(crate) fn codes(refusals: &[R]) -> Object {
    let codes = refusals.iter().map(|refusal| refusal.code());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).build()
}

/// Any code.
pub(crate) fn any_code() -> Object {
    codes(R::ALL)
}

fn refusals(path: &str, operation: &mut Operation) -> Vec<R> {
    let mut refusals = own_refusals(operation);
    let is_public = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    if !is_public {
        refusals.extend(OF_A_TOKEN);
    }
    if path.contains('{') {
        refusals.push(R::RouteNotFound);
    }
    let parameters = operation.parameters.iter().flatten();
    let is_in_query = |parameter: &RefOr<_>| match parameter {
        RefOr::T(utoipa::openapi::path::Parameter { parameter_in, .. }) => *parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    };
    if parameters.into_iter().any(is_in_query) {
        refusals.push(R::InvalidQuery);
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        refusals.extend(OF_A_BODY);
        if body.content.contains_key("application/json") {
            refusals.extend(OF_JSON);
        }
        refusals.push(R::Busy);
    }
    refusals.extend(OF_THE_SERVER);
    refusals
}

/// Takes the list of codes out of the annotation.
#[expect(clippy::panic, reason = "a code that is misspelt fails the test that builds the document")]
fn own_refusals(operation: &mut Operation) -> Vec<R> {
    let Some(codes) = operation.extensions.as_mut().and_then(|extensions| extensions.remove(PROBLEMS)) else {
        return Vec::new();
    };
    let codes: Vec<String> = serde_json::from_value(codes).unwrap_or_default();
    let find = |code: &String| R::ALL.iter().copied().find(|refusal| refusal.code() == code);
    codes.iter().map(|code| find(code).unwrap_or_else(|| panic!("there is no code {code:?}"))).collect()
}
