//! Presence: people, not tabs.

use serde_json::json;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn members_are_announced_once_to_everybody_else_to_the_byte() {
    let server = Server::start().await;
    let (mut ada, mut grace) = (Socket::open(&server).await, Socket::open(&server).await);
    ada.send(ada.subscribe_frame("presence-a", Some(r#"{"user_id":10,"user_info":{"name":"Ada"}}"#))).await;
    assert_eq!(
        ada.next_text().await,
        r#"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[10],\"hash\":{\"10\":{\"name\":\"Ada\"}}}}"}"#
    );
    grace.subscribe("presence-a", Some(r#"{"user_id":"g"}"#)).await;
    assert_eq!(
        ada.next_text().await,
        r#"{"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"g\",\"user_info\":{}}"}"#
    );
    grace.unsubscribe("presence-a").await;
    assert_eq!(
        ada.next_text().await,
        r#"{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"g\"}"}"#
    );
    grace.expect_silence().await;
}

#[actix_web::test]
async fn a_second_tab_is_nobody_new_and_the_last_one_takes_its_person_along() {
    let server = Server::start().await;
    let mut ada = Socket::open(&server).await;
    ada.appear("presence-a", "ada").await;
    let (mut first, mut second) = (Socket::open(&server).await, Socket::open(&server).await);
    first.appear("presence-a", "grace").await;
    assert_eq!(ada.expect("pusher_internal:member_added").await.data["user_id"], "grace");
    let presence = second.appear("presence-a", "grace").await;
    assert_eq!(presence["presence"]["count"], 2);
    let counts = Publisher::of(&server).get("/channels/presence-a", &[("info", "user_count,subscription_count")]).await;
    assert_eq!(counts.text, r#"{"occupied":true,"user_count":2,"subscription_count":3}"#);
    drop(first);
    second.expect_silence().await;
    ada.expect_silence().await;
    // Without a goodbye: the connection breaks.
    drop(second);
    assert_eq!(ada.expect("pusher_internal:member_removed").await.data, json!({"user_id": "grace"}));
}

#[actix_web::test]
async fn who_reloads_a_page_neither_goes_nor_comes() {
    let server = Server::start_with(|config| config.socket.presence_hold_ms = 2_000).await;
    let mut ada = Socket::open(&server).await;
    ada.appear("presence-a", "ada").await;
    let mut page = Socket::open(&server).await;
    page.appear("presence-a", "grace").await;
    assert_eq!(ada.expect("pusher_internal:member_added").await.data["user_id"], "grace");
    drop(page);
    let mut reloaded = Socket::open(&server).await;
    assert_eq!(reloaded.appear("presence-a", "grace").await["presence"]["count"], 2);
    // Leaving on purpose is believed at once, and is the next that Ada hears.
    let mut lin = Socket::open(&server).await;
    lin.appear("presence-a", "lin").await;
    lin.unsubscribe("presence-a").await;
    assert_eq!(ada.expect("pusher_internal:member_added").await.data["user_id"], "lin");
    assert_eq!(ada.expect("pusher_internal:member_removed").await.data["user_id"], "lin");
    drop(reloaded);
    assert_eq!(ada.expect("pusher_internal:member_removed").await.data["user_id"], "grace");
    ada.expect_silence().await;
}

#[actix_web::test]
async fn one_person_too_many_is_refused_but_not_another_tab_of_one_who_is_there() {
    let server = Server::start_with(|config| config.socket.max_presence_members = 3).await;
    let mut sockets = Vec::new();
    for person in ["1", "2", "3"] {
        let mut socket = Socket::open(&server).await;
        socket.appear("presence-a", person).await;
        sockets.push(socket);
    }
    let mut late = Socket::open(&server).await;
    assert_eq!(late.refused(late.subscribe_frame("presence-a", Some(r#"{"user_id":"4"}"#))).await, 4100);
    late.appear("presence-a", "3").await;
    late.appear("presence-b", "4").await;
}

#[actix_web::test]
async fn a_member_of_2048_bytes_is_let_in_and_a_larger_one_is_not() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let member = |bytes: usize| {
        let empty = r#"{"user_id":"1","user_info":""}"#;
        empty.replace(r#""""#, &format!(r#""{}""#, "x".repeat(bytes - empty.len())))
    };
    assert_eq!(socket.refused(socket.subscribe_frame("presence-a", Some(&member(2_049)))).await, 4301);
    socket.subscribe("presence-a", Some(&member(2_048))).await;
}

#[actix_web::test]
async fn a_user_id_has_128_characters_and_is_a_text_or_a_number() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    for data in ["{}", "[]", "nonsense", r#"{"user_id":""}"#, r#"{"user_id":null}"#, r#"{"user_id":true}"#] {
        assert_eq!(socket.refused(socket.subscribe_frame("presence-a", Some(data))).await, 401, "{data}");
    }
    let long = json!({"user_id": "x".repeat(129)}).to_string();
    assert_eq!(socket.refused(socket.subscribe_frame("presence-a", Some(&long))).await, 401);
    assert_eq!(socket.refused(socket.subscribe_frame("presence-a", None)).await, 401);
    let longest = "x".repeat(128);
    let presence = socket.appear("presence-a", &longest).await;
    assert_eq!(presence["presence"]["ids"], json!([longest]));
}

#[actix_web::test]
async fn an_id_that_is_a_number_stays_one() {
    let server = Server::start().await;
    let (mut ada, mut grace) = (Socket::open(&server).await, Socket::open(&server).await);
    ada.appear("presence-a", "ada").await;
    let data = grace.subscribe("presence-a", Some(r#"{"user_id":10,"user_info":{"name":"Grace"}}"#)).await;
    assert_eq!(data["presence"]["ids"], json!(["ada", 10]));
    assert_eq!(data["presence"]["hash"]["10"], json!({"name": "Grace"}));
    assert_eq!(ada.expect("pusher_internal:member_added").await.data["user_id"], 10);
    grace.unsubscribe("presence-a").await;
    assert_eq!(ada.expect("pusher_internal:member_removed").await.data, json!({"user_id": 10}));
}

#[actix_web::test]
async fn what_the_application_says_of_a_member_now_reaches_the_others() {
    let server = Server::start_with(|config| config.socket.presence_hold_ms = 60_000).await;
    let mut ada = Socket::open(&server).await;
    ada.appear("presence-a", "ada").await;
    let member = |name: &str| json!({"user_id": "g", "user_info": {"name": name}}).to_string();
    let mut page = Socket::open(&server).await;
    page.subscribe("presence-a", Some(&member("Grace"))).await;
    ada.expect("pusher_internal:member_added").await;
    drop(page);
    let mut reloaded = Socket::open(&server).await;
    let data = reloaded.subscribe("presence-a", Some(&member("Grace Hopper"))).await;
    assert_eq!(data["presence"]["hash"]["g"]["name"], "Grace Hopper");
    assert_eq!(ada.expect("pusher_internal:member_removed").await.data, json!({"user_id": "g"}));
    assert_eq!(ada.expect("pusher_internal:member_added").await.data["user_info"]["name"], "Grace Hopper");
    let mut third = Socket::open(&server).await;
    assert_eq!(third.appear("presence-a", "ada").await["presence"]["hash"]["g"]["name"], "Grace Hopper");
    ada.expect_silence().await;
}
