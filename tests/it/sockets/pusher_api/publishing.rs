//! Publishing through the HTTP API.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use hubbub::pusher::{ApiCall, sign_call};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::Answer;
use crate::support::publisher::{Publisher, now};
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, APP_SECRET};
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

#[actix_web::test]
async fn an_event_goes_to_all_its_channels_but_not_to_the_socket_that_is_left_out() {
    let server = Server::start().await;
    let (mut sender, mut other, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    for socket in [&mut sender, &mut other] {
        socket.subscribe("a", None).await;
        socket.subscribe("b", None).await;
    }
    let event = json!({"name": "e", "data": "1", "channels": ["a", "b"], "socket_id": sender.id});
    assert_eq!(publisher.post("/events", &event).await.expect(200).text, "{}");
    assert_eq!(other.expect("e").await.channel, "a");
    assert_eq!(other.expect("e").await.channel, "b");
    sender.expect_silence().await;
    let unknown = json!({"name": "e", "data": "1", "channel": "a", "socket_id": "1.1"});
    publisher.post("/events", &unknown).await.expect(200);
    sender.expect("e").await;
}

#[actix_web::test]
async fn what_is_no_event_is_400_and_what_is_too_large_413_by_its_settings_name() {
    let server = Server::start().await;
    let publisher = Publisher::of(&server);
    let event = |change: fn(&mut Value)| {
        let mut event = json!({"name": "e", "data": "1", "channels": ["c"]});
        change(&mut event);
        event
    };
    for event in [
        event(|event| event["channels"] = json!([])),
        event(|event| event["channels"] = json!((0..101).map(|n| format!("c{n}")).collect::<Vec<_>>())),
        event(|event| event["channels"] = json!(["private-encrypted-a", "c"])),
        event(|event| event["name"] = json!("")),
        event(|event| event["name"] = json!("e".repeat(201))),
        event(|event| event["data"] = json!({"not": "a text"})),
        event(|event| event["socket_id"] = json!("1")),
        event(|event| event["info"] = json!("nonsense")),
        event(|event| drop(event.as_object_mut().map(|event| event.remove("data")))),
        json!([]),
    ] {
        publisher.post("/events", &event).await.expect(400);
    }
    let too_large = publisher.post("/events", &event(|event| event["data"] = json!("x".repeat(10_241)))).await;
    assert!(too_large.expect(413).text.contains("HUBBUB_MAX_EVENT_DATA_BYTES"));
    for event in [
        event(|event| event["data"] = json!("x".repeat(10_240))),
        event(|event| event["data"] = json!("\u{0}".repeat(10_240))),
        event(|event| event["name"] = json!("e".repeat(200))),
        event(|event| event["channels"] = json!((0..100).map(|n| format!("c{n}")).collect::<Vec<_>>())),
        event(|event| event["unknown"] = json!("ignored, as the hosted service does")),
    ] {
        publisher.post("/events", &event).await.expect(200);
    }
}

#[actix_web::test]
async fn a_body_beyond_every_limit_is_413() {
    let server = Server::start().await;
    let publisher = Publisher::of(&server);
    let answer = publisher.post("/events", &json!({"name": "e", "data": "x".repeat(2_000_000), "channel": "c"})).await;
    assert!(answer.expect(413).text.contains("HUBBUB_MAX_EVENTS_PER_BATCH"));
}

#[actix_web::test]
async fn the_largest_batch_of_an_app_with_large_events_fits() {
    let app = format!("{OTHER_APP}[apps.limits]\nmax_event_data_bytes = 100000\n");
    let server = Server::start_with(|config| {
        config.socket.max_frame_bytes = 200_000;
        write_apps(config, &app);
    })
    .await;
    let publisher = Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET);
    let events: Vec<_> = (0..10).map(|_| json!({"name": "e", "channel": "c", "data": "\"".repeat(100_000)})).collect();
    publisher.post("/batch_events", &json!({"batch": events})).await.expect(200);
}

#[actix_web::test]
async fn a_batch_is_published_in_order_or_not_at_all() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    let event = |name: &str, channel: &str| json!({"name": name, "channel": channel, "data": "1"});
    let broken = json!({"batch": [event("lost", "c"), event("lost", "no such channel")]});
    publisher.post("/batch_events", &broken).await.expect(400);
    let eleven: Vec<_> = (0..11).map(|_| event("lost", "c")).collect();
    publisher.post("/batch_events", &json!({"batch": eleven})).await.expect(400);
    publisher.post("/batch_events", &json!({"batch": []})).await.expect(400);
    let answer = publisher.post("/batch_events", &json!({"batch": [event("one", "c"), event("two", "c")]})).await;
    assert_eq!(answer.expect(200).text, "{}");
    socket.expect("one").await;
    socket.expect("two").await;
    socket.expect_silence().await;
}

#[actix_web::test]
async fn who_asks_for_info_gets_it_and_who_does_not_gets_an_empty_object() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.appear("presence-a", "1").await;
    let event =
        json!({"name": "e", "data": "1", "channels": ["presence-a", "c"], "info": "user_count,subscription_count"});
    let answer = publisher.post("/events", &event).await.expect(200);
    assert_eq!(
        answer.text,
        r#"{"channels":{"c":{"subscription_count":0},"presence-a":{"user_count":1,"subscription_count":1}}}"#
    );
    let batch = json!({"batch": [
        {"name": "e", "data": "1", "channel": "presence-a", "info": "user_count"},
        {"name": "e", "data": "1", "channel": "c"},
    ]});
    let answer = publisher.post("/batch_events", &batch).await.expect(200);
    assert_eq!(answer.text, r#"{"batch":[{"user_count":1},{}]}"#);
}

#[actix_web::test]
async fn a_channel_that_is_named_twice_gets_the_event_once() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    socket.subscribe("d", None).await;
    let event = json!({"name": "e", "data": "1", "channels": ["c", "d", "c"], "channel": "d"});
    publisher.post("/events", &event).await.expect(200);
    assert_eq!(socket.expect("e").await.channel, "c");
    assert_eq!(socket.expect("e").await.channel, "d");
    socket.expect_silence().await;
}

#[actix_web::test]
async fn what_the_body_lacks_may_stand_in_the_query() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    socket.subscribe("d", None).await;
    let post = async |query: &[(&str, &str)], body: &str| {
        publisher.send(publisher.call_at(now(), Method::POST, "/events", query, body)).await
    };
    post(&[("name", "e"), ("channel", "c"), ("data", "1")], "").await.expect(200);
    assert_eq!(socket.expect("e").await.data, 1);
    let query = [("name", "query"), ("channels[]", "c"), ("channels[]", "d")];
    post(&query, r#"{"name":"body","data":"2"}"#).await.expect(200);
    assert_eq!(socket.expect("body").await.channel, "c");
    assert_eq!(socket.expect("body").await.channel, "d");
    let query = [("channels[0]", "c"), ("info[0]", "subscription_count"), ("info[1]", "user_count")];
    let answer = post(&query, r#"{"name":"f","data":"3"}"#).await.expect(200);
    assert_eq!(answer.text, r#"{"channels":{"c":{"subscription_count":1}}}"#);
    socket.expect("f").await;
    post(&[("name", "e"), ("channel", "c")], "").await.expect(400);
}

#[actix_web::test]
async fn a_body_may_be_compressed() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    let body = json!({"name": "e", "data": "x".repeat(10_240), "channel": "c"}).to_string();
    let compress = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).expect("written");
        encoder.finish().expect("finished")
    };
    let send = async |encoding: &str, signed: &[u8], sent: Vec<u8>| {
        let call = ApiCall { method: "POST", path: "/apps/1/events", query: &[], body: signed };
        let query = sign_call(call, APP_KEY, APP_SECRET, now());
        let request = publisher.client.post(server.url("/apps/1/events")).query(&query).body(sent);
        Answer::of(request.header("content-encoding", encoding)).await
    };
    let compressed = compress(&body);
    assert!(compressed.len() < 1_000);
    // Signed as it was before, and as it is sent.
    send("gzip", body.as_bytes(), compressed.clone()).await.expect(200);
    send("gzip", &compressed, compressed.clone()).await.expect(200);
    for _ in 0..2 {
        socket.expect("e").await;
    }
    send("gzip", b"another", compressed.clone()).await.expect(401);
    send("gzip", body.as_bytes(), body.clone().into_bytes()).await.expect(400);
    send("br", &compressed, compressed.clone()).await.expect(415);
    // A bomb is refused by what it would become.
    let bomb = compress(&" ".repeat(20_000_000));
    send("gzip", &bomb, bomb.clone()).await.expect(413);
    socket.expect_silence().await;
}
