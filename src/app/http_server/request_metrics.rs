//! What is counted of every request: by method, route and status, and how long the routes take to answer.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::Method;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// From an answer out of memory to one that people give up on.
const SECONDS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0];
/// What is no route: files of the page, and paths that do not exist.
const OTHER: &str = "other";
/// Where people sign in.
const SIGN_IN: &str = "/api/v1/session";

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// Counters of requests since the start.
#[derive(Debug)]
pub(super) struct RequestMetrics {
    requests: Family<Labels<3>, Counter>,
    seconds: Family<Labels<1>, Histogram, fn() -> Histogram>,
    sign_ins: Family<Labels<1>, Counter>,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        let sign_ins = Family::<Labels<1>, Counter>::default();
        for outcome in ["right", "wrong", "throttled", "refused"] {
            drop(sign_ins.get_or_create(&[("outcome", Cow::Borrowed(outcome))]));
        }
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            sign_ins,
        }
    }
}

impl RequestMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let requests = "Requests that were answered, by method, route and status";
        registry.register("http_requests", requests, self.requests.clone());
        let seconds = "Until the answer's headers, by route; a stream goes on after them";
        registry.register("http_request_seconds", seconds, self.seconds.clone());
        registry.register("sign_ins", "Attempts to sign in with a password, by outcome", self.sign_ins.clone());
    }

    pub(super) fn answered(&self, method: &Method, route: Option<String>, status: u16, took: Duration) {
        let route = route.filter(|route| !route.is_empty()).map_or(Cow::Borrowed(OTHER), Cow::Owned);
        if *method == Method::POST && route == SIGN_IN {
            let outcome = match status {
                200..=299 => "right",
                401 => "wrong",
                429 => "throttled",
                _ => "refused",
            };
            self.sign_ins.get_or_create(&[("outcome", Cow::Borrowed(outcome))]).inc();
        }
        self.seconds.get_or_create(&[("route", route.clone())]).observe(took.as_secs_f64());
        let status = Cow::Owned(status.to_string());
        self.requests.get_or_create(&[("method", method_name(method)), ("route", route), ("status", status)]).inc();
    }
}

/// A method that a caller has invented makes no series of its own.
fn method_name(method: &Method) -> Cow<'static, str> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    Cow::Borrowed(known.into_iter().find(|known| method.as_str() == *known).unwrap_or(OTHER))
}
