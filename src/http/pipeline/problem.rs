//! What the caller is told of an error: `application/problem+json`, as RFC 9457 has it.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Refusal;
use crate::http::error::{ApiError, Queue};
use crate::http::instance::openapi_problems::any_code;

/// The body of an error's answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemResponse<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    /// Stable: programs decide by it.
    #[schema(schema_with = any_code)]
    code: &'a str,
    /// A sentence for people.
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldProblem<'a>],
    #[schema(required)]
    request_id: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct FieldProblem<'a> {
    field: &'a str,
    detail: &'a str,
}

/// A refusal with what there is to say of this one.
struct Problem<'a> {
    refusal: Refusal,
    detail: Cow<'a, str>,
    field: Option<&'a str>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// The answer to the request of that id.
    pub(crate) fn to_response(&self, request_id: Option<&str>) -> HttpResponse {
        let problem = self.problem();
        let field = problem.field.map(|field| FieldProblem { field, detail: &problem.detail });
        let mut answer = HttpResponse::build(status(problem.refusal));
        if let Some(wait) = problem.retry_after {
            answer.insert_header((RETRY_AFTER, wait.as_secs_f64().ceil().max(1.0).to_string()));
        }
        if status(problem.refusal) == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::RangeNotSatisfiable { bytes } = self {
            answer.insert_header((CONTENT_RANGE, format!("bytes */{bytes}")));
        }
        answer.content_type("application/problem+json").json(ProblemResponse {
            r#type: format!("urn:hubbub:problem:{}", problem.refusal.code()),
            title: status(problem.refusal).canonical_reason().unwrap_or("Error"),
            status: problem.refusal.status(),
            code: problem.refusal.code(),
            detail: &problem.detail,
            errors: field.as_slice(),
            request_id,
        })
    }

    /// What is told of the error. Details of 5xx say nothing of the inside; a limit's detail names its setting.
    fn problem(&self) -> Problem<'_> {
        match self {
            // Space is given back by what is deleted, and by the housekeeping, which runs every hour.
            Self::Refused(refusal) if refusal.status() == 429 => {
                Problem::of(*refusal).retry_after(Duration::from_secs(3_600))
            }
            Self::Refused(refusal) => Problem::of(*refusal),
            Self::TooManyAttempts(attempts) => Problem::of(Refusal::TooManyAttempts).retry_after(attempts.retry_after),
            Self::RationUsedUp(used_up) => {
                let problem = Problem::of(Refusal::RationUsedUp).detail(used_up.to_string());
                match used_up.retry_after {
                    Some(wait) => problem.retry_after(wait),
                    None => problem.retry_after(Duration::from_secs(5)),
                }
            }
            Self::ForeignHost(name) => Problem::of(Refusal::ForeignHost).detail(format!(
                "This server is not called {:?} (HUBBUB_PUBLIC_URL, HUBBUB_ALLOWED_HOSTS).",
                name.chars().take(100).collect::<String>()
            )),
            Self::BodyTooSlow => Problem::of(Refusal::BodyTooSlow),
            Self::DocumentTooLarge { max_document_bytes } => Problem::of(Refusal::DocumentTooLarge).detail(format!(
                "The document would be larger than {max_document_bytes} bytes (HUBBUB_MAX_DOCUMENT_BYTES)."
            )),
            Self::InvalidUpdate(reason) => {
                Problem::of(Refusal::InvalidUpdate).detail(format!("This is not a Yjs update of a text: {reason}."))
            }
            Self::BodyTooLarge { max_body_bytes } => Problem::of(Refusal::BodyTooLarge)
                .detail(format!("The body is larger than {max_body_bytes} bytes (HUBBUB_MAX_BODY_BYTES).")),
            Self::FileTooLarge { max_file_bytes } => Problem::of(Refusal::FileTooLarge)
                .detail(format!("The file is larger than {max_file_bytes} bytes (HUBBUB_MAX_FILE_BYTES).")),
            Self::RangeNotSatisfiable { bytes } => Problem::of(Refusal::RangeNotSatisfiable)
                .detail(format!("The file has {bytes} bytes, and one range of them can be asked for at a time.")),
            Self::BodyIncomplete(_) => Problem::of(Refusal::BodyIncomplete),
            Self::UnsupportedMediaType { media_type, expected } => Problem::of(Refusal::UnsupportedMediaType)
                .detail(format!("The body's type is {media_type:?}; this call takes {expected}.")),
            Self::InvalidJson(reason) => {
                Problem::of(Refusal::InvalidJson).detail(format!("The body is not valid JSON: {reason}."))
            }
            Self::Unfit { refusal, field, detail } => {
                Problem::of(*refusal).detail(format!("The body is not valid: {detail}.")).field(field.as_deref())
            }
            Self::InvalidQuery(reason) => {
                Problem::of(Refusal::InvalidQuery).detail(format!("The query is not valid: {reason}."))
            }
            Self::Invalid(invalid) => {
                Problem::of(invalid.refusal).detail(invalid.detail.as_str()).field(Some(invalid.field))
            }
            Self::TooManyEventStreams { max_event_streams } => Problem::of(Refusal::TooManyEventStreams)
                .detail(format!(
                    "{max_event_streams} event streams are open, which is the limit (HUBBUB_MAX_EVENT_STREAMS)."
                ))
                .retry_after(Duration::from_secs(30)),
            Self::Busy(queue) => Problem::of(Refusal::Busy).detail(queue.detail()).retry_after(Duration::from_secs(1)),
            Self::ReadTimeout(limit) => Problem::of(Refusal::ReadTimeout)
                .detail(format!(
                    "Reading took longer than {} seconds and was ended (HUBBUB_READ_TIMEOUT_SECS).",
                    limit.as_secs()
                ))
                .retry_after(Duration::from_secs(5)),
            Self::ShuttingDown => Problem::of(Refusal::ShuttingDown).retry_after(Duration::from_secs(5)),
            Self::Unavailable(_) => Problem::of(Refusal::Unavailable).retry_after(Duration::from_secs(5)),
            Self::Internal(_) => Problem::of(Refusal::Internal),
        }
    }
}

impl Queue {
    const fn detail(self) -> &'static str {
        match self {
            Self::Writes => "Too much is waiting to be stored; try again in a moment (HUBBUB_WRITE_QUEUE).",
            Self::Merges => {
                "Too many documents are being saved; try again in a moment (HUBBUB_MAX_WAITING_DOCUMENT_SAVES)."
            }
            Self::Passwords => "Too many people sign in; try again in a moment (HUBBUB_PASSWORD_THREADS).",
        }
    }
}

impl<'a> Problem<'a> {
    const fn of(refusal: Refusal) -> Self {
        Self { refusal, detail: Cow::Borrowed(refusal.sentence()), field: refusal.field(), retry_after: None }
    }

    fn detail(mut self, detail: impl Into<Cow<'a, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    fn field(mut self, field: Option<&'a str>) -> Self {
        self.field = field;
        self
    }

    fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

fn status(refusal: Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// How actix turns the error into an answer; the API's outermost layer then adds the request's id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.problem().refusal)
    }

    fn error_response(&self) -> HttpResponse {
        self.to_response(None)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::Value;

    use super::*;
    use crate::auth::TooManyAttempts;

    async fn body(error: &ApiError) -> Value {
        let bytes = to_bytes(error.to_response(Some("01")).into_body()).await.expect("a body in memory");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[actix_web::test]
    async fn what_failed_inside_is_not_told() {
        let secret = "duplicate key value violates unique constraint on /var/lib/hubbub";
        for error in [ApiError::Internal(secret.to_owned()), ApiError::Unavailable(secret.to_owned())] {
            assert!(!body(&error).await.to_string().contains("constraint"));
            assert!(error.to_string().contains("constraint"), "the log has it");
        }
    }

    #[actix_web::test]
    async fn a_field_at_fault_is_named() {
        let problem = body(&ApiError::Refused(Refusal::UsernameTaken)).await;
        assert_eq!(problem["type"], "urn:hubbub:problem:username_taken");
        assert_eq!((&problem["title"], &problem["status"]), (&Value::from("Conflict"), &Value::from(409)));
        assert_eq!(problem["errors"][0]["field"], "username");
        assert_eq!(problem["request_id"], "01");
    }

    #[actix_web::test]
    async fn errors_without_a_field_have_no_list_of_them() {
        assert!(body(&ApiError::Refused(Refusal::RoomNotFound)).await.get("errors").is_none());
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_and_at_least_one() {
        let header = |wait| {
            let answer = ApiError::from(TooManyAttempts { retry_after: wait }).to_response(None);
            answer.headers().get(RETRY_AFTER).cloned().expect("a header")
        };
        assert_eq!(header(Duration::from_millis(1_200)), "2");
        assert_eq!(header(Duration::ZERO), "1");
    }
}
