//! Log lines and spans: what the operator sees of a running server.
//!
//! Every request is a span that carries its id, and ends in one line. Failures of the server are logged there and
//! nowhere else. Paths are logged, queries are not; message bodies, tokens and passwords never are.

use std::io::{self, IsTerminal};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use thiserror::Error as ThisError;
use tracing::field::Empty;
use tracing::{Span, debug, error, info_span, warn};
use tracing_actix_web::RootSpanBuilder;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Why nothing can be logged.
#[derive(Debug, ThisError)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("{variable} is not a log filter such as \"info\" or \"hubbub=debug\": {source}")]
    Filter {
        /// The environment variable at fault.
        variable: &'static str,
        /// What the parser says.
        source: ParseError,
    },
    /// Something else in this process logs already.
    #[error("cannot begin to log: {0}")]
    Subscriber(Box<dyn std::error::Error + Send + Sync>),
}

/// Begins to log to standard error what `HUBBUB_LOG` (or `RUST_LOG`) lets through: "info" when neither is set.
/// `as_json` writes one JSON object a line, for machines.
///
/// # Errors
/// When the filter is none, or something logs already.
pub fn init(as_json: bool) -> Result<(), TelemetryError> {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(|variable| std::env::var(variable).ok())?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    let started = if as_json { subscriber.json().try_init() } else { subscriber.compact().try_init() };
    started.map_err(TelemetryError::Subscriber)
}

fn filter(setting: impl Fn(&str) -> Option<String>) -> Result<EnvFilter, TelemetryError> {
    for variable in ["HUBBUB_LOG", "RUST_LOG"] {
        if let Some(directives) = setting(variable) {
            return EnvFilter::try_new(directives).map_err(|source| TelemetryError::Filter { variable, source });
        }
    }
    Ok(EnvFilter::new("info"))
}

/// The span of one request, for `TracingLogger`. It takes the request's id from the header `x-request-id`, where the
/// HTTP API's outermost layer has put it.
pub struct RequestSpan;

/// When a request arrived, for the line that ends its span.
struct Arrival(Instant);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Arrival(Instant::now()));
        let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        info_span!("request", method = %request.method(), path = request.path(), request_id, user_id = Empty)
    }

    fn on_request_end<B: MessageBody>(_: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, failure, arrival) = match outcome {
            Ok(response) => {
                let arrival = response.request().extensions().get::<Arrival>().map(|arrival| arrival.0);
                (response.status(), response.response().error().map(Error::as_response_error), arrival)
            }
            Err(error) => (error.as_response_error().status_code(), Some(error.as_response_error()), None),
        };
        let duration_ms = arrival.map_or(0.0, |arrival| (arrival.elapsed().as_secs_f64() * 1e6).round() / 1e3);
        let reason = failure.map(ToString::to_string);
        let reason = reason.as_deref();
        match status.as_u16() {
            503 => warn!(status = 503, duration_ms, reason, "not available"),
            500.. => error!(status = status.as_u16(), duration_ms, reason, "failed"),
            status => debug!(status, duration_ms, reason, "answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_filter_that_is_set_counts() {
        let set = |ours: Option<&'static str>, rusts: Option<&'static str>| {
            let chosen = filter(|name| if name == "HUBBUB_LOG" { ours } else { rusts }.map(str::to_owned));
            chosen.map(|filter| filter.to_string()).expect("filters")
        };
        assert_eq!(set(None, None), "info");
        assert_eq!(set(None, Some("warn")), "warn");
        assert_eq!(set(Some("error"), Some("warn")), "error");
    }

    #[test]
    fn a_filter_that_is_none_is_refused_by_its_variables_name() {
        let refused = filter(|name| (name == "RUST_LOG").then(|| "hubbub=loud".to_owned())).expect_err("no level");
        assert!(refused.to_string().starts_with("RUST_LOG is not a log filter"), "{refused}");
    }
}
