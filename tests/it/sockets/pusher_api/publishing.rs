//! Publishing through the HTTP API.

use serde_json::{Value, json};

use crate::support::publisher::Publisher;
use crate::support::server::Server;
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
    let server = Server::start_with(|config| write_apps(config, &app)).await;
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
