//! Signing in, reaching users, watching them, and showing them out.

use std::time::Duration;

use serde_json::json;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

#[actix_web::test]
async fn a_user_is_signed_in_to_the_byte_and_reached_on_all_sockets() {
    let server = Server::start().await;
    let (mut first, mut second, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    let user_data = r#"{"id":"7","user_info":{ "n": 1.0 }}"#;
    first.send(first.sign_in_frame(user_data)).await;
    assert_eq!(
        first.next_text().await,
        r#"{"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"7\",\"user_info\":{ \"n\": 1.0 }}"}}"#
    );
    second.sign_in(r#"{"id":"7"}"#).await;
    // As pusher-js does by itself.
    second.subscribe("#server-to-user-7", None).await;
    publisher.publish("#server-to-user-7", "notice", "1").await;
    for socket in [&mut first, &mut second] {
        let notice = socket.expect("notice").await;
        assert_eq!(notice.channel, "#server-to-user-7");
        socket.expect_silence().await;
    }
}

#[actix_web::test]
async fn strangers_neither_join_nor_hear_a_users_channel() {
    let server = Server::start().await;
    let (mut stranger, mut other, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    other.sign_in(r#"{"id":"8"}"#).await;
    for socket in [&mut stranger, &mut other] {
        assert_eq!(socket.refused(socket.subscribe_frame("#server-to-user-7", None)).await, 401);
        socket.subscribe("last", None).await;
    }
    publisher.publish("#server-to-user-7", "secret", "1").await;
    publisher.publish("last", "sentinel", "").await;
    stranger.expect("sentinel").await;
    other.expect("sentinel").await;
    let channels = publisher.get("/channels", &[]).await.expect(200);
    assert_eq!(channels.text, r#"{"channels":{"last":{}}}"#, "users are not listed among the channels");
}

#[actix_web::test]
async fn a_user_cannot_leave_the_own_channel_and_stay_signed_in() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.sign_in(r#"{"id":"7"}"#).await;
    socket.unsubscribe("#server-to-user-7").await;
    Publisher::of(&server).publish("#server-to-user-7", "notice", "1").await;
    socket.expect("notice").await;
}

#[actix_web::test]
async fn a_sign_in_that_is_wrong_is_4009() {
    let server = Server::start().await;
    let theirs = Socket::open(&server).await.sign_in_frame(r#"{"id":"7"}"#);
    let mut frames = vec![theirs];
    for data in [
        r#"{"id":7}"#,
        r#"{"id":""}"#,
        r#"{"id":"a b"}"#,
        "{}",
        "nonsense",
        &json!({"id": "x".repeat(129)}).to_string(),
    ] {
        let socket = Socket::open(&server).await;
        frames.push(socket.sign_in_frame(data));
        let mut socket = socket;
        socket.send(socket.sign_in_frame(data)).await;
        socket.expect_refusal(4009).await;
    }
    let mut socket = Socket::open(&server).await;
    socket.send(frames.swap_remove(0)).await;
    socket.expect_refusal(4009).await;
}

#[actix_web::test]
async fn a_socket_may_say_again_who_it_is_but_becomes_nobody_else() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.sign_in(r#"{"id":"7"}"#).await;
    socket.sign_in(r#"{"id":"7"}"#).await;
    socket.send(socket.sign_in_frame(r#"{"id":"8"}"#)).await;
    socket.expect_refusal(4009).await;
}

#[actix_web::test]
async fn a_user_who_is_signed_in_is_the_member_where_channel_data_is_missing() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.sign_in(r#"{"id":"7","user_info":{"name":"Ada"}}"#).await;
    let presence = socket.subscribe("presence-a", None).await;
    assert_eq!(presence["presence"]["hash"], json!({"7": {"name": "Ada"}}));
}

#[actix_web::test]
async fn a_terminated_user_is_closed_with_4009_and_others_are_not() {
    let server = Server::start().await;
    let (mut theirs, mut unsigned, mut other) =
        (Socket::open(&server).await, Socket::open(&server).await, Socket::open(&server).await);
    theirs.sign_in(r#"{"id":"7"}"#).await;
    other.sign_in(r#"{"id":"8"}"#).await;
    unsigned.appear("presence-a", "7").await;
    let answer = Publisher::of(&server).post("/users/7/terminate_connections", &json!({})).await.expect(200);
    assert_eq!(answer.text, "{}");
    theirs.expect_refusal(4009).await;
    other.expect_silence().await;
    unsigned.expect_silence().await;
}

#[actix_web::test]
async fn watchers_hear_who_is_there_who_comes_and_who_goes() {
    let server = Server::start().await;
    let (mut watcher, mut first, mut second) =
        (Socket::open(&server).await, Socket::open(&server).await, Socket::open(&server).await);
    first.sign_in(r#"{"id":"1"}"#).await;
    watcher.sign_in(r#"{"id":"w","watchlist":["1","2"]}"#).await;
    assert_eq!(
        watcher.next_text().await,
        r#"{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["1"]},{"name":"offline","user_ids":["2"]}]}}"#
    );
    let event = |name: &str, id: &str| json!({"events": [{"name": name, "user_ids": [id]}]});
    second.sign_in(r#"{"id":"2"}"#).await;
    assert_eq!(watcher.expect("pusher_internal:watchlist_events").await.data, event("online", "2"));
    let mut tab = Socket::open(&server).await;
    tab.sign_in(r#"{"id":"2"}"#).await;
    drop(tab);
    watcher.expect_silence().await;
    drop(first);
    assert_eq!(watcher.expect("pusher_internal:watchlist_events").await.data, event("offline", "1"));
}

#[actix_web::test]
async fn a_watchlist_that_is_too_long_is_4302_and_its_beginning_is_watched() {
    let server = Server::start_with(|config| config.socket.max_watchlist = 2).await;
    let (mut watcher, mut third) = (Socket::open(&server).await, Socket::open(&server).await);
    watcher.send(watcher.sign_in_frame(r#"{"id":"w","watchlist":["1","2","3"]}"#)).await;
    assert_eq!(watcher.error_code().await, 4302);
    watcher.expect("pusher:signin_success").await;
    let status = watcher.expect("pusher_internal:watchlist_events").await.data;
    assert_eq!(status, json!({"events": [{"name": "offline", "user_ids": ["1", "2"]}]}));
    third.sign_in(r#"{"id":"3"}"#).await;
    watcher.expect_silence().await;
}

#[actix_web::test]
async fn who_neither_signs_in_nor_joins_a_private_channel_in_time_is_4009() {
    let app = format!("{OTHER_APP}authorization_timeout_secs = 2\n");
    let server = Server::start_with(|config| write_apps(config, &app)).await;
    let open = || Socket::open_app(&server, OTHER_KEY, OTHER_SECRET);
    let mut signed_in = open().await;
    signed_in.sign_in(r#"{"id":"7"}"#).await;
    let mut private = open().await;
    private.subscribe("private-a", None).await;
    private.unsubscribe("private-a").await;
    let started = std::time::Instant::now();
    let (mut idle, mut public) = (open().await, open().await);
    public.subscribe("public", None).await;
    idle.expect_refusal(4009).await;
    public.expect_refusal(4009).await;
    assert!(started.elapsed() >= Duration::from_secs(2), "before its time: {:?}", started.elapsed());
    private.expect_silence().await;
    signed_in.expect_silence().await;
}
