//! Webhooks, heard by a real server.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hubbub::config::ServeConfig;
use hubbub::pusher::signature::sign_webhook;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::DEADLINE;
use crate::support::socket::Socket;

use super::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

/// A request that the app's own server got.
struct Request {
    path: String,
    headers: HeaderMap,
    body: String,
}

/// An app's own server, which answers as told and then with 200.
struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Request>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    handle: ServerHandle,
}

impl Receiver {
    fn start() -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::<u16>::new()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let for_server = Arc::clone(&answers);
        let server = HttpServer::new(move || {
            let (sender, answers) = (sender.clone(), Arc::clone(&for_server));
            App::new().default_service(web::to(move |request: HttpRequest, body: String| {
                let (path, headers) = (request.path().to_owned(), request.headers().clone());
                sender.send(Request { path, headers, body }).expect("the test listens");
                let status = answers.lock().expect("no panic").pop_front().unwrap_or(200);
                async move { HttpResponse::build(StatusCode::from_u16(status).expect("a status")).finish() }
            }))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("a server")
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, requests, answers, handle }
    }

    async fn next(&mut self) -> Request {
        timeout(DEADLINE, self.requests.recv()).await.expect("in time").expect("running")
    }

    /// The only event of the next request.
    async fn event(&mut self) -> Value {
        let body: Value = serde_json::from_str(&self.next().await.body).expect("JSON");
        assert!(body["time_ms"].as_u64().is_some_and(|time| time > 1_700_000_000_000), "{body}");
        let events = body["events"].as_array().expect("events");
        assert_eq!(events.len(), 1, "{body}");
        events[0].clone()
    }

    /// Asserts that nothing has come: what happens now is heard next.
    async fn expect_silence(&mut self, server: &Server) {
        let mut sentinel = open(server).await;
        sentinel.subscribe("sentinel", None).await;
        assert_eq!(self.event().await, json!({"name": "channel_occupied", "channel": "sentinel"}));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn open(server: &Server) -> Socket {
    Socket::open_app(server, OTHER_KEY, OTHER_SECRET).await
}

/// A server whose second app has these webhooks, with short times.
async fn server_with(webhooks: &str, change: fn(&mut ServeConfig)) -> Server {
    Server::start_with(|config| {
        write_apps(config, &format!("{OTHER_APP}{webhooks}"));
        config.webhooks.hold_ms = 100;
        config.webhooks.pause_ms = 10;
        config.webhooks.retry_ms = 10_000;
        change(config);
    })
    .await
}

fn webhook(receiver: &Receiver, more: &str) -> String {
    format!("[[apps.webhooks]]\nurl = \"{}/hook\"\n{more}\n", receiver.url)
}

#[actix_web::test]
async fn every_kind_is_told_in_the_documented_form_and_signed() {
    let mut receiver = Receiver::start();
    let hooks = format!("subscription_counts = true\n{}", webhook(&receiver, ""));
    let server = server_with(&hooks, |_| {}).await;
    let (mut socket, publisher) = (open(&server).await, Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET));
    socket.subscribe("cache-a", None).await;
    socket.expect("pusher:cache_miss").await;
    let request = receiver.next().await;
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!((request.path.as_str(), header("content-type")), ("/hook", "application/json"));
    assert_eq!(header("x-pusher-key"), OTHER_KEY);
    assert_eq!(header("x-pusher-signature"), sign_webhook(OTHER_SECRET, request.body.as_bytes()));
    assert!(request.body.ends_with(r#""events":[{"name":"channel_occupied","channel":"cache-a"}]}"#));

    let mut others = [receiver.event().await, receiver.event().await];
    others.sort_by_key(|event| event["name"].as_str().map(str::to_owned));
    assert_eq!(others[0], json!({"name": "cache_miss", "channel": "cache-a"}));
    assert_eq!(others[1], json!({"name": "subscription_count", "channel": "cache-a", "subscription_count": 1}));

    // The app has counts on, and its clients hear them too.
    socket.expect("pusher_internal:subscription_count").await;
    // A cache that is empty is told once, not once for each client.
    let mut second = open(&server).await;
    second.subscribe("cache-a", None).await;
    assert_eq!(receiver.event().await["subscription_count"], 2);
    socket.expect("pusher_internal:subscription_count").await;
    publisher.publish("cache-a", "e", "1").await;
    socket.expect("e").await;

    socket.appear("presence-a", "7").await;
    let mut arrivals = [receiver.event().await, receiver.event().await].map(|event| event.to_string());
    arrivals.sort();
    assert_eq!(
        arrivals,
        [
            json!({"name": "channel_occupied", "channel": "presence-a"}).to_string(),
            json!({"name": "member_added", "channel": "presence-a", "user_id": "7"}).to_string(),
        ]
    );
    socket.send(json!({"event": "client-x", "channel": "presence-a", "data": {"a": 1}})).await;
    assert_eq!(
        receiver.event().await,
        json!({"name": "client_event", "channel": "presence-a", "event": "client-x", "data": "{\"a\":1}",
               "socket_id": socket.id, "user_id": "7"})
    );
    drop(socket);
    let mut departures =
        [receiver.event().await, receiver.event().await, receiver.event().await].map(|event| event.to_string());
    departures.sort();
    assert_eq!(
        departures,
        [
            json!({"name": "subscription_count", "channel": "cache-a", "subscription_count": 1}).to_string(),
            json!({"name": "channel_vacated", "channel": "presence-a"}).to_string(),
            json!({"name": "member_removed", "channel": "presence-a", "user_id": "7"}).to_string(),
        ]
    );
}

#[actix_web::test]
async fn each_webhook_hears_what_it_asked_for_with_its_own_headers() {
    let (mut rooms, mut members) = (Receiver::start(), Receiver::start());
    let hooks = webhook(
        &rooms,
        "events = [\"channel_occupied\"]\nchannel_prefix = \"room-\"\nchannel_suffix = \"-x\"\nheaders = { \"X-Of\" = \"rooms\" }",
    ) + &webhook(&members, "events = [\"member_added\", \"channel_occupied\"]\nchannel_prefix = \"\"");
    let server = server_with(&hooks, |_| {}).await;
    let mut socket = open(&server).await;
    for channel in ["room-1", "x", "room-1-x"] {
        socket.subscribe(channel, None).await;
    }
    let request = rooms.next().await;
    assert!(request.body.contains(r#""channel":"room-1-x""#), "{}", request.body);
    assert_eq!(request.headers.get("x-of").and_then(|value| value.to_str().ok()), Some("rooms"));
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(members.event().await["channel"].as_str().map(str::to_owned));
    }
    heard.sort();
    assert_eq!(heard, ["room-1", "room-1-x", "x"].map(|channel| Some(channel.to_owned())));
    assert!(rooms.requests.try_recv().is_err());
}

#[actix_web::test]
async fn events_that_happen_together_go_in_one_request_if_the_webhook_wants_it() {
    let mut receiver = Receiver::start();
    let hook = webhook(&receiver, "is_batched = true\nevents = [\"channel_occupied\"]");
    let server = server_with(&hook, |config| config.webhooks.batch_ms = 500).await;
    let mut socket = open(&server).await;
    for channel in ["a", "b", "c"] {
        socket.subscribe(channel, None).await;
    }
    let body: Value = serde_json::from_str(&receiver.next().await.body).expect("JSON");
    let channels: Vec<_> = body["events"].as_array().expect("events").iter().map(|event| &event["channel"]).collect();
    assert_eq!(channels, ["a", "b", "c"]);
}

#[actix_web::test]
async fn who_reloads_a_page_has_not_left_whichever_of_the_two_a_webhook_asked_for() {
    let mut receiver = Receiver::start();
    // Departures only: the returns must cancel them all the same.
    let hook = webhook(&receiver, "events = [\"channel_vacated\", \"member_removed\"]");
    let server = server_with(&hook, |config| config.webhooks.hold_ms = 1_000).await;
    let mut socket = open(&server).await;
    socket.appear("presence-a", "7").await;
    socket.unsubscribe("presence-a").await;
    socket.appear("presence-a", "7").await;
    socket.subscribe("leaves", None).await;
    socket.unsubscribe("leaves").await;
    assert_eq!(receiver.event().await, json!({"name": "channel_vacated", "channel": "leaves"}));
    assert!(receiver.requests.try_recv().is_err(), "the one who came back was reported gone");
}

#[actix_web::test]
async fn a_url_that_fails_is_tried_again_until_it_accepts() {
    let mut receiver = Receiver::start();
    receiver.answers.lock().expect("no panic").extend([500, 302, 404]);
    let server = server_with(&webhook(&receiver, "events = [\"channel_occupied\"]"), |_| {}).await;
    let mut socket = open(&server).await;
    socket.subscribe("a", None).await;
    let first = receiver.next().await;
    for _ in 0..3 {
        let again = receiver.next().await;
        assert_eq!(again.body, first.body, "a repetition is the same request");
    }
    receiver.expect_silence(&server).await;
    let metrics = server.stranger().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("hubbub_webhook_requests_retried_total 3\n"), "{metrics}");
}

#[actix_web::test]
async fn a_url_that_always_fails_is_given_up_and_keeps_nobody_waiting() {
    let mut receiver = Receiver::start();
    // Nobody listens on this port: it was free a moment ago.
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let hooks = format!("[[apps.webhooks]]\nurl = \"http://{nobody}/\"\nevents = [\"channel_occupied\"]\n");
    let hooks = hooks + &webhook(&receiver, "events = [\"channel_occupied\"]");
    let server = server_with(&hooks, |config| config.webhooks.retry_ms = 50).await;
    let mut socket = open(&server).await;
    for number in 0..100 {
        socket.subscribe(&format!("c{number}"), None).await;
    }
    for _ in 0..100 {
        receiver.event().await;
    }
    let given_up = async {
        loop {
            let metrics = server.stranger().get("/metrics").await.expect(200).text;
            if metrics.contains("hubbub_webhook_requests_failed_total 100\n") {
                assert!(metrics.contains("hubbub_webhook_requests_delivered_total 100\n"), "{metrics}");
                return;
            }
        }
    };
    timeout(DEADLINE, given_up).await.expect("in time");
}

#[actix_web::test]
async fn what_waits_when_the_server_stops_is_sent_once_more() {
    let mut receiver = Receiver::start();
    let hook = webhook(&receiver, "events = [\"channel_vacated\"]");
    let mut server = server_with(&hook, |config| config.webhooks.hold_ms = 60_000).await;
    let mut socket = open(&server).await;
    socket.subscribe("a", None).await;
    server.stop();
    assert_eq!(receiver.event().await, json!({"name": "channel_vacated", "channel": "a"}));
    assert_eq!(timeout(Duration::from_secs(5), socket.closed()).await.expect("in time").code, 4100);
}

#[actix_web::test]
async fn counts_are_told_only_when_the_app_has_them_on() {
    let mut receiver = Receiver::start();
    let hook = webhook(&receiver, "events = [\"subscription_count\", \"channel_occupied\"]");
    let server = server_with(&hook, |_| {}).await;
    let mut socket = open(&server).await;
    socket.subscribe("a", None).await;
    assert_eq!(receiver.event().await, json!({"name": "channel_occupied", "channel": "a"}));
    receiver.expect_silence(&server).await;
}

#[actix_web::test]
async fn a_departure_is_told_within_three_seconds_of_the_disconnect() {
    let mut receiver = Receiver::start();
    let server = Server::start_with(|config| {
        write_apps(
            config,
            &format!("{OTHER_APP}{}", webhook(&receiver, "events = [\"member_removed\", \"channel_vacated\"]")),
        );
        // The defaults: a grace period in the channel, and a longer one for webhooks.
        (config.socket.presence_hold_ms, config.webhooks.hold_ms) = (2_000, 2_500);
    })
    .await;
    let mut socket = open(&server).await;
    socket.appear("presence-a", "7").await;
    drop(socket);
    let gone = Instant::now();
    let mut names = [receiver.event().await, receiver.event().await].map(|event| event["name"].to_string());
    names.sort();
    assert_eq!(names, [r#""channel_vacated""#, r#""member_removed""#]);
    assert!((Duration::from_millis(2_400)..Duration::from_secs(3)).contains(&gone.elapsed()), "{:?}", gone.elapsed());
}
