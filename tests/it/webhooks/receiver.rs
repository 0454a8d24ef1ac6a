//! Something that webhooks call.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::settings::DEADLINE;

/// A server that notes what it is told, and answers 200 or what it was asked to answer.
pub(crate) struct Receiver {
    pub(crate) url: String,
    calls: mpsc::UnboundedReceiver<Call>,
    answers: Answers,
}

/// Among the answers: none at all.
pub(crate) const SILENCE: u16 = 0;

type Answers = Arc<Mutex<VecDeque<u16>>>;

/// What it was told.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    timestamp: String,
    signature: String,
    body: Bytes,
    pub(crate) event: Value,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let shared = Arc::clone(&answers);
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new((sender.clone(), Arc::clone(&shared)))).default_service(web::to(note))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { url, calls, answers }
    }

    /// What it answers to the next calls, one after the other.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.answers.lock().expect("no panic").extend(statuses);
    }

    /// The next call.
    pub(crate) async fn call(&mut self) -> Call {
        timeout(DEADLINE, self.calls.recv()).await.expect("called in time").expect("the server runs")
    }

    /// Whether there was a call that nobody asked for yet.
    pub(crate) fn was_called(&mut self) -> bool {
        self.calls.try_recv().is_ok()
    }
}

async fn note(
    request: HttpRequest,
    body: Bytes,
    data: web::Data<(mpsc::UnboundedSender<Call>, Answers)>,
) -> HttpResponse {
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let call = Call {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        event: serde_json::from_slice(&body).unwrap_or_default(),
        body,
    };
    // A test that has ended listens no more.
    let _ = data.0.send(call);
    let status = data.1.lock().expect("no panic").pop_front().unwrap_or(200);
    if status == SILENCE {
        std::future::pending::<()>().await;
    }
    let mut answer = HttpResponse::build(status.try_into().expect("a status"));
    answer.insert_header(("location", "/elsewhere")).body(format!("answer {status}"))
}

impl Call {
    /// Checks the signature, as a receiver does.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(format!("{}.{}.", self.id, self.timestamp).as_bytes());
        mac.update(&self.body);
        self.signature == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}
