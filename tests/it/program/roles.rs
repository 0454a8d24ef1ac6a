//! The application and the socket server in processes of their own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use hubbub::app::Application;
use hubbub::config::{ProcessRole, Secret, ServeConfig};
use hubbub::pusher::signature::sign_channel;
use hubbub::pusher::{ApiCall, verify_call};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::publisher::now;
use crate::support::server::{Server, settings};
use crate::support::settings::{APP_KEY, APP_SECRET, DEADLINE};
use crate::support::socket::Socket;

/// A socket server without the rest.
async fn socket_server() -> Server {
    Server::start_with(|config| config.role = ProcessRole::Ws).await
}

/// An application whose sockets are at that address.
async fn application(address: &str, change: impl FnOnce(&mut ServeConfig)) -> Server {
    let bus = format!("pusher://{APP_KEY}:{APP_SECRET}@{address}/apps/1");
    Server::start_with(|config| {
        config.role = ProcessRole::Web;
        config.bus.url = Secret::from(bus);
        (config.socket.app_id, config.socket.app_key, config.socket.app_secret) = (None, None, None);
        change(config);
    })
    .await
}

async fn hears(socket: &mut Socket, event: &str, body: &str) {
    let frame = socket.expect(event).await;
    assert_eq!(frame.data["message"]["body"], body, "{frame:?}");
}

#[actix_web::test]
async fn a_message_posted_at_the_application_reaches_a_socket_of_the_socket_server() {
    let sockets = socket_server().await;
    let web = application(&sockets.address().to_string(), |_| {}).await;
    let ada = web.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut socket = Socket::open(&sockets).await;
    socket.join(&ada, &format!("private-room.{room}")).await;
    for number in 0..30 {
        ada.say(room, &number.to_string()).await;
    }
    for number in 0..30 {
        hears(&mut socket, "message.posted", &number.to_string()).await;
    }
}

#[actix_web::test]
async fn a_removed_member_hears_nothing_more_at_the_socket_server() {
    let sockets = socket_server().await;
    let web = application(&sockets.address().to_string(), |_| {}).await;
    let (ada, eve) = (web.sign_up("ada").await, web.sign_up("eve").await);
    let room = ada.create_room("Lobby", "closed").await;
    ada.post(&format!("/api/v1/rooms/{room}/members"), &json!({"user_id": eve.id})).await.expect(200);
    let channel = format!("private-room.{room}");
    let (mut hers, mut adas) = (Socket::open(&sockets).await, Socket::open(&sockets).await);
    hers.join(&eve, &channel).await;
    adas.join(&ada, &channel).await;
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", eve.id)).await.expect(204);
    // The event and the order to take her out are two calls.
    while hers.next().await.event != "pusher:subscription_error" {}
    ada.say(room, "she is gone").await;
    adas.expect("member.removed").await;
    hears(&mut adas, "message.posted", "she is gone").await;
    hers.expect_silence().await;
}

#[actix_web::test]
async fn a_role_has_its_own_routes_and_no_others() {
    let sockets = socket_server().await;
    let web = application(&sockets.address().to_string(), |config| {
        config.bus.socket_url = Some("wss://sockets.example.org:8443".to_owned());
    })
    .await;
    for server in [&sockets, &web] {
        assert_eq!(server.stranger().get("/health/ready").await.expect(200).json["status"], "ready");
    }
    sockets.stranger().get("/api/v1/instance").await.expect(404);
    sockets.stranger().get("/apps/1/channels").await.expect(401);
    web.stranger().get("/apps/1/channels").await.expect(404);
    web.stranger().get(&format!("/app/{APP_KEY}")).await.expect(404);
    let metrics = web.stranger().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("hubbub_bus_connected 1") && !metrics.contains("hubbub_sockets"), "{metrics}");

    let socket = &web.stranger().get("/api/v1/instance").await.expect(200).json["socket"];
    assert_eq!(*socket, json!({"key": APP_KEY, "host": "sockets.example.org", "port": 8443, "tls": true}));
    let page = web.stranger().get("/").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("connect-src 'self' wss://sockets.example.org:8443;"), "{policy}");
}

#[actix_web::test]
async fn a_role_that_cannot_work_says_what_to_set() {
    let data_dir = tempfile::tempdir().expect("a directory");
    let refusal = async |change: &dyn Fn(&mut ServeConfig)| {
        let mut config = settings(data_dir.path());
        change(&mut config);
        Application::build(config).await.err().expect("refused").to_string()
    };
    let without_app = |config: &mut ServeConfig| {
        config.role = ProcessRole::Ws;
        (config.socket.app_id, config.socket.app_key, config.socket.app_secret) = (None, None, None);
    };
    assert!(refusal(&without_app).await.contains("HUBBUB_APP_SECRET"));
    let demo = |config: &mut ServeConfig| (config.role, config.demo) = (ProcessRole::Ws, true);
    assert!(refusal(&demo).await.contains("--demo"));
    let twice = |config: &mut ServeConfig| {
        config.role = ProcessRole::Web;
        config.bus.url = Secret::from(format!("pusher://k:{APP_SECRET}@h/apps/1"));
    };
    let refused = refusal(&twice).await;
    assert!(refused.contains("HUBBUB_APP_ID") && !refused.contains(APP_SECRET), "{refused}");
}

/// Some other Pusher-compatible server: it knows no revocations, and does what it was told to with the first calls.
struct Other {
    address: String,
    calls: mpsc::UnboundedReceiver<(String, Value)>,
}

type Shared = (mpsc::UnboundedSender<(String, Value)>, Arc<Mutex<VecDeque<u16>>>);

impl Other {
    fn start(first_answers: &[u16]) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(first_answers.iter().copied().collect()));
        let shared: Shared = (sender, answers);
        let server =
            HttpServer::new(move || App::new().app_data(web::Data::new(shared.clone())).default_service(web::to(note)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
        let address = server.addrs()[0].to_string();
        actix_web::rt::spawn(server.run());
        Self { address, calls }
    }

    async fn call(&mut self) -> (String, Value) {
        timeout(DEADLINE, self.calls.recv()).await.expect("called in time").expect("the server runs")
    }

    /// The next events, however many go together.
    async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            match self.call().await {
                (path, mut call) if path == "/apps/1/batch_events" => {
                    let batch = call["batch"].as_array_mut().expect("a list");
                    assert!(batch.len() <= 10, "the protocol allows ten");
                    events.append(batch);
                }
                (path, call) if path == "/apps/1/events" => events.push(call),
                (path, _) => panic!("{path}"),
            }
        }
        events
    }
}

async fn note(request: HttpRequest, body: Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let query: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).expect("a query");
    let call = ApiCall { method: request.method().as_str(), path: request.path(), query: &query, body: &body };
    assert_eq!(verify_call(call, APP_KEY, APP_SECRET, now()), Ok(()));
    match shared.1.lock().expect("no panic").pop_front() {
        Some(status) => return HttpResponse::build(status.try_into().expect("a status")).finish(),
        None if request.path().ends_with("/revoke") => return HttpResponse::NotFound().finish(),
        None => {}
    }
    let call = serde_json::from_slice(&body).expect("JSON");
    // A test that has ended listens no more.
    let _ = shared.0.send((request.path().to_owned(), call));
    HttpResponse::Ok().json(HashMap::<String, String>::new())
}

#[actix_web::test]
async fn another_make_of_socket_server_gets_everything_in_order_after_it_was_away() {
    let mut other = Other::start(&[500, 503]);
    let web = application(&other.address, |_| {}).await;
    let ada = web.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    for number in 0..20 {
        ada.say(room, &number.to_string()).await;
    }
    let mut seqs = Vec::new();
    while seqs.len() < 22 {
        for event in other.events(1).await {
            if event["channel"] == format!("private-room.{room}") {
                let data: Value = serde_json::from_str(event["data"].as_str().expect("text")).expect("JSON");
                seqs.push(data["seq"].as_i64().expect("a seq"));
            }
        }
    }
    assert_eq!(seqs, (1..=22).collect::<Vec<_>>());
}

#[actix_web::test]
async fn what_another_make_of_socket_server_refuses_is_told_by_the_rooms_head() {
    // What goes together is refused together, and then one by one.
    let mut strict = Other::start(&[413, 413]);
    let web = application(&strict.address, |_| {}).await;
    let ada = web.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    loop {
        let told = strict.events(1).await;
        if let Some(head) = told.iter().find(|event| event["name"] == "room.head") {
            assert_eq!(head["channel"], format!("private-room.{room}"));
            break;
        }
    }
}

#[actix_web::test]
async fn another_make_of_socket_server_disconnects_whoever_is_removed() {
    let mut other = Other::start(&[]);
    let web = application(&other.address, |config| config.bus.foreign_socket_server = true).await;
    let (ada, eve) = (web.sign_up("ada").await, web.sign_up("eve").await);
    let room = ada.create_room("Lobby", "open").await;
    eve.join(room).await;
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", eve.id)).await.expect(204);
    let path = format!("/apps/1/users/{}/terminate_connections", eve.id);
    while other.call().await.0 != path {}

    let channel = format!("private-room.{room}");
    let request = json!({"socket_id": "1.2", "channel_name": channel});
    let signed = ada.post("/broadcasting/auth", &request).await.expect(200);
    let plain = format!("{APP_KEY}:{}", sign_channel(APP_SECRET, "1.2", &channel, None));
    assert_eq!(signed.json, json!({"auth": plain}), "as the protocol has it");
}
