//! Whether a call of the HTTP API is believed.

use hubbub::config::ProcessRole;
use reqwest::Method;
use serde_json::json;

use crate::support::person::Answer;
use crate::support::publisher::{Publisher, now};
use crate::support::server::Server;
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

#[actix_web::test]
async fn a_call_that_is_unsigned_late_early_swapped_or_changed_is_401_and_publishes_nothing() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    let body = json!({"name": "e", "data": "1", "channel": "c"}).to_string();
    let good = publisher.call_at(now(), Method::POST, "/events", &[], &body);

    let mut unsigned = good.clone();
    unsigned.query.clear();
    let mut swapped = good.clone();
    swapped.body = body.replace('1', "2");
    let mut without_hash = publisher.call_at(now(), Method::POST, "/events", &[], "");
    without_hash.body.clone_from(&body);
    let mut elsewhere = good.clone();
    elsewhere.path = "/apps/1/batch_events".to_owned();
    let mut another_method = good.clone();
    (another_method.method, another_method.path) = (Method::GET, "/apps/1/channels".to_owned());
    let mut more = good.clone();
    more.query.push(("info".to_owned(), "user_count".to_owned()));
    let mut other_version = good.clone();
    let version = other_version.query.iter_mut().find(|(name, _)| name == "auth_version").expect("there");
    version.1 = "2.0".to_owned();
    let late = publisher.call_at(now() - 601, Method::POST, "/events", &[], &body);
    let early = publisher.call_at(now() + 610, Method::POST, "/events", &[], &body);
    let wrong_secret = Publisher { secret: "guessed".to_owned(), ..publisher.clone() }.post_call("/events", &json!({}));
    let wrong_key = Publisher { key: "guessed".to_owned(), ..publisher.clone() }.post_call("/events", &json!({}));

    let calls = [
        unsigned,
        swapped,
        without_hash,
        elsewhere,
        another_method,
        more,
        other_version,
        late,
        early,
        wrong_secret,
        wrong_key,
    ];
    for (index, call) in calls.into_iter().enumerate() {
        let answer = publisher.send(call).await;
        assert_eq!(answer.status.as_u16(), 401, "call {index}: {}", answer.text);
        assert!(!answer.text.contains("app-secret"));
    }
    publisher.send(good).await.expect(200);
    assert_eq!(socket.expect("e").await.data, 1);
    socket.expect_silence().await;
}

#[actix_web::test]
async fn an_app_that_does_not_exist_is_404() {
    let server = Server::start().await;
    for id in ["9", "x", "01", "99999999999999999999", "é"] {
        let publisher = Publisher { id: id.to_owned(), ..Publisher::of(&server) };
        publisher.get("/channels", &[]).await.expect(404);
    }
}

#[actix_web::test]
async fn a_call_that_is_repeated_by_its_key_publishes_once() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    let mut call = publisher.post_call("/events", &json!({"name": "e", "data": "1", "channel": "c"}));
    call.idempotency_key = Some("order-7".to_owned());
    for _ in 0..3 {
        assert_eq!(publisher.send(call.clone()).await.expect(200).text, "{}");
    }
    let mut other = publisher.post_call("/events", &json!({"name": "e", "data": "2", "channel": "c"}));
    other.idempotency_key = Some("order-7".to_owned());
    publisher.send(other).await.expect(409);
    socket.expect("e").await;
    socket.expect_silence().await;
}

#[actix_web::test]
async fn an_apps_id_is_any_text_without_a_slash() {
    for id in ["my-app", "007", "mein Gerät", "a.b*>", "100%"] {
        let app = format!("[[apps]]\nid = \"{id}\"\nkey = \"{OTHER_KEY}\"\nsecret = \"{OTHER_SECRET}\"\n");
        let server = Server::start_with(|config| write_apps(config, &app)).await;
        let mut socket = Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await;
        socket.subscribe("c", None).await;
        // In a path it is written as any other text is.
        let encoded = reqwest::Url::parse("http://x/").map(|mut url| {
            url.path_segments_mut().expect("a base").push(id);
            url.path().trim_start_matches('/').to_owned()
        });
        let publisher = Publisher::new(&server, &encoded.expect("a URL"), OTHER_KEY, OTHER_SECRET);
        publisher.publish("c", "e", "1").await;
        socket.expect("e").await;
    }
}

#[actix_web::test]
async fn head_is_answered_and_other_methods_are_405_with_those_that_are_allowed() {
    let server = Server::start().await;
    let publisher = Publisher::of(&server);
    for path in ["/channels", "/channels/presence-a", "/channels/presence-a/users", "/connections"] {
        let head = publisher.send(publisher.call_at(now(), Method::HEAD, path, &[], "")).await.expect(200);
        assert_eq!(head.text, "");
        let answer = publisher.send(publisher.call_at(now(), Method::PUT, path, &[], "")).await.expect(405);
        assert_eq!((answer.header("allow"), answer.json["error"].is_string()), ("GET, HEAD", true), "{path}");
    }
    for path in ["/events", "/batch_events", "/users/1/terminate_connections", "/revoke"] {
        let answer = publisher.get(path, &[]).await.expect(405);
        assert_eq!((answer.header("allow"), answer.json["error"].is_string()), ("POST", true), "{path}");
    }
    for path in ["/nonsense", "/channels/a/b/c", "/users"] {
        assert!(publisher.get(path, &[]).await.expect(404).json["error"].is_string(), "{path}");
    }
}

#[actix_web::test]
async fn what_other_servers_answer_on_their_own_paths_is_no_page_here() {
    let server = Server::start().await;
    let stranger = server.stranger();
    assert_eq!(stranger.get("/up").await.expect(200).json["health"], "OK");
    assert_eq!(stranger.get("/ready").await.expect(200).json["status"], "ready");
    assert_eq!(stranger.get("/accept-traffic").await.expect(200).json["status"], "ready");
    assert!(stranger.get("/usage").await.expect(404).json["error"].is_string());
    for path in ["/up", "/ready", "/accept-traffic", "/metrics"] {
        let got = stranger.get(path).await;
        let asked = Answer::of(stranger.request(Method::HEAD, path)).await;
        assert_eq!((asked.status, asked.header("content-type")), (got.status, got.header("content-type")), "{path}");
        assert!(!asked.header("content-type").starts_with("text/html"), "{path}");
    }
    for path in ["/up", "/ready", "/accept-traffic"] {
        let refused = Answer::of(stranger.request(Method::POST, path)).await.expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD", "{path}");
    }
    for path in ["/up/x", "/ready/", "/metrics/x"] {
        stranger.get(path).await.expect(404);
    }
}

#[actix_web::test]
async fn the_checks_of_a_socket_server_answer_head_too() {
    let sockets = Server::start_with(|config| config.role = ProcessRole::Ws).await;
    let stranger = sockets.stranger();
    for path in ["/up", "/ready", "/accept-traffic", "/health/live", "/health/ready"] {
        Answer::of(stranger.request(Method::HEAD, path)).await.expect(200);
    }
}

#[actix_web::test]
async fn an_apps_connections_are_counted() {
    let server = Server::start_with(|config| write_apps(config, OTHER_APP)).await;
    let (ours, theirs) = (Publisher::of(&server), Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET));
    let _sockets = (Socket::open(&server).await, Socket::open(&server).await);
    assert_eq!(ours.get("/connections", &[]).await.expect(200).text, r#"{"connections":2}"#);
    assert_eq!(theirs.get("/connections", &[]).await.expect(200).text, r#"{"connections":0}"#);
}
