//! The body of a save: a Yjs update.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::Refusal;
use crate::http::error::ApiError;
use crate::http::pipeline::body::{from_json, read_bytes};
use crate::http::state::WebState;
use crate::http::text_schema;

/// An update, as it is (`application/octet-stream`) or as `{"update":"base64"}`. At most `HUBBUB_MAX_DOCUMENT_BYTES` of it.
pub(crate) struct UpdateBody(pub(crate) Bytes);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRequest {
    #[schema(schema_with = text_schema::yjs_update)]
    update: String,
}

/// What JSON needs beside the base64.
const JSON_AROUND: usize = 64;

impl FromRequest for UpdateBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let max_document_bytes = WebState::of(&request)?.config.documents.max_document_bytes;
            let max_text_bytes = max_document_bytes.div_ceil(3) * 4 + JSON_AROUND;
            let (media_type, body) =
                read_bytes(&request, payload, max_text_bytes, || too_large(max_document_bytes)).await?;
            let update = match media_type.as_str() {
                "application/octet-stream" => body,
                "application/json" => decode(&body)?,
                _ => {
                    let expected = "application/octet-stream or application/json";
                    return Err(ApiError::UnsupportedMediaType { media_type, expected });
                }
            };
            if update.len() > max_document_bytes {
                return Err(too_large(max_document_bytes));
            }
            Ok(Self(update))
        })
    }
}

const fn too_large(max_document_bytes: usize) -> ApiError {
    ApiError::DocumentTooLarge { max_document_bytes }
}

fn decode(body: &[u8]) -> Result<Bytes, ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| ApiError::Refused(Refusal::InvalidUtf8))?;
    let request: UpdateRequest = from_json(text)?;
    let update = STANDARD.decode(request.update).map_err(|_| ApiError::InvalidUpdate("it is not base64"))?;
    Ok(update.into())
}
