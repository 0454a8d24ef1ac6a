//! Bodies of requests: JSON; a form or JSON; a plain text or JSON. All of them limited in size, all of them UTF-8.

use std::io;

use actix_web::body::{BodyStream, to_bytes_limited};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::config::Ration;
use crate::domain::Refusal;
use crate::http::error::ApiError;
use crate::http::pipeline::client_ip::client_ip;
use crate::http::state::WebState;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain";
const UNSTATED: &str = "";

/// JSON. No body at all is `{}`, so that calls whose fields may all be missing need none.
pub(crate) struct Json<T>(pub(crate) T);

/// A form's fields, as a page or `curl -d name=value` sends them, or the same as JSON.
pub(crate) struct FormOrJson<T>(pub(crate) T);

/// A text, or JSON. The type that `curl -d` states when it is not told otherwise is that of a form; here it is taken
/// literally, so that `curl -d 'salt & pepper'` says just that.
pub(crate) struct TextOrJson<T>(pub(crate) T);

/// A body that was read to its end.
struct Body {
    /// In lower case, without parameters.
    media_type: String,
    text: String,
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        Box::pin(async move {
            let body = body.await?;
            match body.media_type.as_str() {
                _ if body.text.is_empty() => from_json("{}").map(Self),
                JSON => from_json(&body.text).map(Self),
                _ => Err(body.unsupported("application/json")),
            }
        })
    }
}

impl<T: DeserializeOwned> FromRequest for FormOrJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        Box::pin(async move {
            let body = body.await?;
            match body.media_type.as_str() {
                FORM => from_form(&body.text).map(Self),
                JSON => from_json(&body.text).map(Self),
                _ => Err(body.unsupported("application/json or application/x-www-form-urlencoded")),
            }
        })
    }
}

impl<T: DeserializeOwned + From<String>> FromRequest for TextOrJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        Box::pin(async move {
            let body = body.await?;
            match body.media_type.as_str() {
                TEXT | FORM | UNSTATED => Ok(Self(body.text.into())),
                JSON => from_json(&body.text).map(Self),
                _ => Err(body.unsupported("text/plain or application/json")),
            }
        })
    }
}

impl Body {
    fn unsupported(self, expected: &'static str) -> ApiError {
        ApiError::UnsupportedMediaType { media_type: self.media_type, expected }
    }
}

/// Reads a body, at most `HUBBUB_MAX_BODY_BYTES` of it.
fn read(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Body, ApiError>> + use<> {
    let payload = payload.take();
    let request = request.clone();
    async move {
        let max_body_bytes = WebState::of(&request)?.config.http.max_body_bytes;
        let too_large = || ApiError::BodyTooLarge { max_body_bytes };
        let (media_type, bytes) = read_bytes(&request, payload, max_body_bytes, too_large).await?;
        let text = String::from_utf8(bytes.into()).map_err(|_| ApiError::Refused(Refusal::InvalidUtf8))?;
        Ok(Body { media_type, text })
    }
}

/// Reads a body of at most `max_bytes`, whatever it is; answers its media type, in lower case and without parameters, too.
///
/// # Errors
/// What `too_large` makes; `unsupported_media_type` when it is compressed; `body_incomplete`.
pub(crate) async fn read_bytes(
    request: &HttpRequest,
    payload: Payload,
    max_bytes: usize,
    too_large: impl Fn() -> ApiError,
) -> Result<(String, Bytes), ApiError> {
    let media_type = media_type(request)?;
    if stated_length(request).is_some_and(|length| length > max_bytes) {
        return Err(too_large());
    }
    // A body that is half sent holds memory.
    let _place = WebState::of(request)?.rations.take_place(Ration::Bodies, None, client_ip(request)?)?;
    let bytes = to_bytes_limited(BodyStream::new(payload), max_bytes).await;
    let bytes = bytes.map_err(|_| too_large())?.map_err(unreadable)?;
    Ok((media_type, bytes))
}

/// Why a body was not read to its end. One that comes too slowly is cut off by the server
/// (`src/app/http_server/body_pace.rs`).
pub(crate) fn unreadable(error: PayloadError) -> ApiError {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => ApiError::BodyTooSlow,
        other => ApiError::BodyIncomplete(other.to_string()),
    }
}

/// What the body claims to be. Compressed bodies and other character sets than UTF-8 are not taken.
fn media_type(request: &HttpRequest) -> Result<String, ApiError> {
    let media_type = request.content_type().trim().to_ascii_lowercase();
    let mime = request.mime_type().ok().flatten();
    let charset = mime.as_ref().and_then(|mime| mime.get_param("charset")).map(|charset| charset.as_str().to_owned());
    if charset.as_deref().is_some_and(|charset| !matches!(charset, "utf-8" | "us-ascii")) {
        let media_type = format!("{media_type}; charset={}", charset.unwrap_or_default());
        return Err(ApiError::UnsupportedMediaType { media_type, expected: "UTF-8" });
    }
    refuse_encoded(request, &media_type)?;
    Ok(media_type)
}

/// Refuses a body that has a `Content-Encoding`: what was compressed would be taken for the content itself.
///
/// # Errors
/// `unsupported_media_type`.
pub(crate) fn refuse_encoded(request: &HttpRequest, media_type: &str) -> Result<(), ApiError> {
    let encodings = request.headers().get_all(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let encodings: Vec<_> = encodings.filter(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")).collect();
    if encodings.is_empty() {
        return Ok(());
    }
    let media_type = format!("{media_type} in {}", encodings.join(", "));
    Err(ApiError::UnsupportedMediaType { media_type, expected: "bodies that are not compressed" })
}

fn stated_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    // Serde takes a list of values for an object, whose fields it would be in their order.
    let object = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<IgnoredAny>(text).map(|_| None),
        false => serde_json::from_str(text).map(Some),
    };
    let object = object.map_err(|error| match error.classify() {
        Category::Data => unfit(&error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => ApiError::InvalidJson(error.to_string()),
    })?;
    object.ok_or_else(|| unfit("invalid type: sequence, expected an object"))
}

fn from_form<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_urlencoded::from_str(text).map_err(|error| unfit(&error.to_string()))
}

/// Reads out of serde's sentence which field is at fault: it has no other way to tell.
fn unfit(sentence: &str) -> ApiError {
    let (refusal, names_field) = match sentence {
        _ if sentence.starts_with("unknown field") => (Refusal::UnknownField, true),
        _ if sentence.starts_with("missing field") => (Refusal::MissingField, true),
        _ if sentence.starts_with("duplicate field") => (Refusal::DuplicateField, true),
        _ => (Refusal::InvalidBodyField, false),
    };
    let short = |text: &str| text.chars().take(200).collect::<String>();
    let field = sentence.split('`').nth(1).filter(|_| names_field).map(short);
    ApiError::Unfit { refusal, field, detail: short(sentence) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[expect(dead_code, reason = "read by serde only")]
        name: String,
    }

    fn code_and_field(result: Result<Request, ApiError>) -> (&'static str, Option<String>) {
        match result {
            Err(ApiError::Unfit { refusal, field, .. }) => (refusal.code(), field),
            Err(ApiError::InvalidJson(_)) => ("invalid_json", None),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_field_that_does_not_fit_is_named() {
        let named = |code, field: &str| (code, Some(field.to_owned()));
        assert_eq!(code_and_field(from_json(r#"{"name":"a","nmae":"b"}"#)), named("unknown_field", "nmae"));
        assert_eq!(code_and_field(from_json("{}")), named("missing_field", "name"));
        assert_eq!(code_and_field(from_json(r#"{"name":"a","name":"b"}"#)), named("duplicate_field", "name"));
        assert_eq!(code_and_field(from_form("name=a&nmae=b")), named("unknown_field", "nmae"));
        assert_eq!(code_and_field(from_json(r#"{"name":1}"#)), ("invalid_field", None));
    }

    #[test]
    fn a_list_is_no_object() {
        assert_eq!(code_and_field(from_json(r#" ["a"]"#)), ("invalid_field", None));
        assert_eq!(code_and_field(from_json(r#"["a""#)), ("invalid_json", None));
    }

    #[test]
    fn lone_surrogates_and_half_a_document_are_not_json() {
        for text in [r#"{"name":"\ud800"}"#, r#"{"name":"\udc00x"}"#, r#"{"name""#, "hello", r#"{"name":"a"} x"#] {
            assert_eq!(code_and_field(from_json(text)), ("invalid_json", None), "{text}");
        }
    }
}
