//! What the caller is told of an error: `application/problem+json`, as RFC 9457 has it.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::http::error::{ApiError, Queue};

/// The body of an error's answer.
#[derive(Serialize)]
struct ProblemResponse<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    /// Stable: programs decide by it.
    code: &'a str,
    /// A sentence for people.
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem<'a>],
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct FieldProblem<'a> {
    field: &'a str,
    detail: &'a str,
}

/// One row of the table below.
struct Problem<'a> {
    status: StatusCode,
    code: &'a str,
    detail: Cow<'a, str>,
    field: Option<&'a str>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// The answer to the request of that id.
    pub(crate) fn answer(&self, request_id: Option<&str>) -> HttpResponse {
        let problem = self.problem();
        let field = problem.field.map(|field| FieldProblem { field, detail: &problem.detail });
        let mut answer = HttpResponse::build(problem.status);
        if let Some(wait) = problem.retry_after {
            answer.insert_header((RETRY_AFTER, wait.as_secs_f64().ceil().max(1.0).to_string()));
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::RangeNotSatisfiable { bytes } = self {
            answer.insert_header((CONTENT_RANGE, format!("bytes */{bytes}")));
        }
        answer.content_type("application/problem+json").json(ProblemResponse {
            r#type: format!("urn:hubbub:problem:{}", problem.code),
            title: problem.status.canonical_reason().unwrap_or("Error"),
            status: problem.status.as_u16(),
            code: problem.code,
            detail: &problem.detail,
            errors: field.as_slice(),
            request_id,
        })
    }

    /// The table of all errors. Details of 5xx say nothing of the inside; a limit's detail names its setting.
    fn problem(&self) -> Problem<'_> {
        use StatusCode as S;
        match self {
            Self::TokenMissing => say(S::UNAUTHORIZED, "token_missing", "Send a token: Authorization: Bearer …"),
            Self::TokenInvalid => say(S::UNAUTHORIZED, "token_invalid", "The token is not valid, or was revoked."),
            Self::TokenExpired => {
                say(S::UNAUTHORIZED, "token_expired", "The access token has expired; renew it: POST /session/refresh.")
            }
            Self::SessionEnded => say(S::UNAUTHORIZED, "session_ended", "The session has ended. Sign in again."),
            Self::WrongCredentials => {
                say(S::UNAUTHORIZED, "wrong_credentials", "The user name or the password is wrong.")
            }
            Self::TooManyAttempts(attempts) => {
                let detail = "Too many attempts to sign in; wait a moment (HUBBUB_SIGN_INS_PER_MINUTE).";
                say(S::TOO_MANY_REQUESTS, "too_many_attempts", detail).retry_after(attempts.retry_after)
            }
            Self::AdministratorsOnly => say(S::FORBIDDEN, "administrators_only", "Only an administrator may do this."),
            Self::SessionNeeded => {
                say(S::FORBIDDEN, "session_needed", "An API token cannot do this; sign in and use the access token.")
            }
            Self::CrossSite => {
                say(S::FORBIDDEN, "cross_site", "A page of another site sent this; its request is refused.")
            }
            Self::NotAllowed => say(S::FORBIDDEN, "not_allowed", "You are not allowed to do this."),
            Self::SignUpClosed => {
                say(S::FORBIDDEN, "sign_up_closed", "Signing up needs a valid invite (HUBBUB_SIGN_UP).").field("invite")
            }
            Self::NotAMember => say(S::FORBIDDEN, "not_a_member", "You do not belong to this room."),
            Self::ChannelRefused => say(S::FORBIDDEN, "channel_refused", "You may not join this channel."),
            Self::RouteNotFound => say(S::NOT_FOUND, "not_found", "There is nothing at this path."),
            Self::RoomNotFound => say(S::NOT_FOUND, "room_not_found", "There is no such room."),
            Self::MessageNotFound => say(S::NOT_FOUND, "message_not_found", "There is no such message in this room."),
            Self::MemberNotFound => say(S::NOT_FOUND, "member_not_found", "That person does not belong to this room."),
            Self::UserNotFound => say(S::NOT_FOUND, "user_not_found", "There is no such person."),
            Self::TokenNotFound => say(S::NOT_FOUND, "token_not_found", "You have no such API token."),
            Self::WebhookNotFound => say(S::NOT_FOUND, "webhook_not_found", "You have no such webhook."),
            Self::DeliveryNotFound => say(S::NOT_FOUND, "delivery_not_found", "The webhook has no such delivery."),
            Self::FileNotFound => say(S::NOT_FOUND, "file_not_found", "There is no such file."),
            Self::ThumbnailNotFound => say(S::NOT_FOUND, "thumbnail_not_found", "The file has no thumbnail."),
            Self::DocumentNotFound => say(S::NOT_FOUND, "document_not_found", "There is no such document."),
            Self::VersionNotFound => say(S::NOT_FOUND, "version_not_found", "The document keeps no such version."),
            Self::FlowForgotten => say(
                S::NOT_FOUND,
                "flow_forgotten",
                "How this message came is not kept any longer (HUBBUB_FLOW_ENTRIES).",
            ),
            Self::MethodNotAllowed => {
                say(S::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not take this method.")
            }
            Self::UsernameTaken => say(S::CONFLICT, "username_taken", "The user name is taken.").field("username"),
            Self::ClientIdReused => {
                let detail = "You have posted another message under this client_id; take a new one.";
                say(S::CONFLICT, "client_id_reused", detail).field("client_id")
            }
            Self::DocumentArchived => {
                say(S::CONFLICT, "document_archived", "The document is archived: it can be read only.")
            }
            Self::DocumentTooLarge { max_document_bytes } => {
                let detail = format!(
                    "The document would be larger than {max_document_bytes} bytes (HUBBUB_MAX_DOCUMENT_BYTES)."
                );
                say(S::PAYLOAD_TOO_LARGE, "document_too_large", detail)
            }
            Self::InvalidUpdate(reason) => {
                say(S::UNPROCESSABLE_ENTITY, "invalid_update", format!("This is no Yjs update of a text: {reason}."))
            }
            Self::InvalidStateVector => {
                say(S::UNPROCESSABLE_ENTITY, "invalid_state_vector", "This is no Yjs state vector in base64.")
                    .field("sv")
            }
            Self::BodyTooLarge { max_body_bytes } => {
                let detail = format!("The body is larger than {max_body_bytes} bytes (HUBBUB_MAX_BODY_BYTES).");
                say(S::PAYLOAD_TOO_LARGE, "body_too_large", detail)
            }
            Self::FileTooLarge { max_file_bytes } => {
                let detail = format!("The file is larger than {max_file_bytes} bytes (HUBBUB_MAX_FILE_BYTES).");
                say(S::PAYLOAD_TOO_LARGE, "file_too_large", detail)
            }
            Self::RangeNotSatisfiable { bytes } => {
                let detail = format!("The file has {bytes} bytes, and one range of them can be asked for at a time.");
                say(S::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail)
            }
            Self::BodyIncomplete(_) => say(S::BAD_REQUEST, "body_incomplete", "The body could not be read to its end."),
            Self::UnsupportedMediaType { media_type, expected } => {
                let detail = format!("The body's type is {media_type:?}; this call takes {expected}.");
                say(S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
            }
            Self::InvalidUtf8 => say(S::BAD_REQUEST, "invalid_utf8", "The body is not valid UTF-8."),
            Self::InvalidJson(reason) => {
                say(S::BAD_REQUEST, "invalid_json", format!("The body is not valid JSON: {reason}."))
            }
            Self::Unfit { code, field, detail } => Problem {
                field: field.as_deref(),
                ..say(S::UNPROCESSABLE_ENTITY, code, format!("The body does not fit: {detail}."))
            },
            Self::InvalidQuery(reason) => {
                say(S::UNPROCESSABLE_ENTITY, "invalid_query", format!("The query does not fit: {reason}."))
            }
            Self::Invalid(invalid) => {
                say(S::UNPROCESSABLE_ENTITY, invalid.code, invalid.detail.as_str()).field(invalid.field)
            }
            Self::TooManyEventStreams { max_event_streams } => {
                let detail =
                    format!("{max_event_streams} event streams are open, no more are (HUBBUB_MAX_EVENT_STREAMS).");
                say(S::SERVICE_UNAVAILABLE, "too_many_event_streams", detail).retry_after(Duration::from_secs(30))
            }
            Self::Busy(Queue::Writes) => {
                let detail = "Too much is waiting to be stored; try again in a moment (HUBBUB_WRITE_QUEUE).";
                say(S::SERVICE_UNAVAILABLE, "busy", detail).retry_after(Duration::from_secs(1))
            }
            Self::Busy(Queue::Merges) => {
                let detail = "Too many documents are being saved; try again in a moment \
                              (HUBBUB_MAX_WAITING_DOCUMENT_SAVES).";
                say(S::SERVICE_UNAVAILABLE, "busy", detail).retry_after(Duration::from_secs(1))
            }
            Self::Busy(Queue::Passwords) => {
                let detail = "Too many people sign in; try again in a moment (HUBBUB_PASSWORD_THREADS).";
                say(S::SERVICE_UNAVAILABLE, "busy", detail).retry_after(Duration::from_secs(1))
            }
            Self::ShuttingDown => say(S::SERVICE_UNAVAILABLE, "shutting_down", "The server is about to restart.")
                .retry_after(Duration::from_secs(5)),
            Self::Unavailable(_) => say(S::SERVICE_UNAVAILABLE, "unavailable", "The server cannot do this at present.")
                .retry_after(Duration::from_secs(5)),
            Self::Internal(_) => {
                say(S::INTERNAL_SERVER_ERROR, "internal", "Something went wrong; the server's log has it.")
            }
        }
    }
}

fn say<'a>(status: StatusCode, code: &'a str, detail: impl Into<Cow<'a, str>>) -> Problem<'a> {
    Problem { status, code, detail: detail.into(), field: None, retry_after: None }
}

impl<'a> Problem<'a> {
    fn field(mut self, field: &'a str) -> Self {
        self.field = Some(field);
        self
    }

    fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// How actix turns the error into an answer; the API's outermost layer then adds the request's id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.problem().status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::Value;

    use super::*;
    use crate::auth::TooManyAttempts;

    async fn body(error: &ApiError) -> Value {
        let bytes = to_bytes(error.answer(Some("01")).into_body()).await.expect("a body in memory");
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
        let problem = body(&ApiError::UsernameTaken).await;
        assert_eq!(problem["type"], "urn:hubbub:problem:username_taken");
        assert_eq!((&problem["title"], &problem["status"]), (&Value::from("Conflict"), &Value::from(409)));
        assert_eq!(problem["errors"][0]["field"], "username");
        assert_eq!(problem["request_id"], "01");
    }

    #[actix_web::test]
    async fn errors_without_a_field_have_no_list_of_them() {
        assert!(body(&ApiError::RoomNotFound).await.get("errors").is_none());
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_and_at_least_one() {
        let header = |wait| {
            let answer = ApiError::from(TooManyAttempts { retry_after: wait }).answer(None);
            answer.headers().get(RETRY_AFTER).cloned().expect("a header")
        };
        assert_eq!(header(Duration::from_millis(1_200)), "2");
        assert_eq!(header(Duration::ZERO), "1");
    }
}
