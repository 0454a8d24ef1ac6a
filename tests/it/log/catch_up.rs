use serde_json::json;

use crate::support::server::Server;

#[actix_web::test]
async fn a_client_fetches_what_it_missed_in_order() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    let message = ada.say(room, "helo").await;
    let path = format!("/api/v1/rooms/{room}/messages/{}", message["id"]);
    ada.patch(&path, &json!({"body": "hello"})).await.expect(200);
    ada.delete(&path).await.expect(200);
    grace.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);

    let events = ada.get(&format!("/api/v1/rooms/{room}/events?after=0")).await.expect(200);
    let items = events.json["items"].as_array().expect("a list");
    let kinds: Vec<_> = items.iter().map(|event| event["type"].as_str().expect("a type")).collect();
    let expected = [
        "room.created",
        "member.joined",
        "member.joined",
        "message.posted",
        "message.edited",
        "message.deleted",
        "member.removed",
    ];
    assert_eq!(kinds, expected);
    let seqs: Vec<_> = items.iter().map(|event| event["seq"].as_i64().expect("a seq")).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((&events.json["head"], &events.json["more"]), (&json!(7), &json!(false)));
    assert!(events.json.get("resync").is_none());
    assert_eq!(items[3]["message"]["body"], "", "the log refers to the message as it is now");
    assert_eq!(items[6]["user"]["username"], "grace");
}

#[actix_web::test]
async fn a_page_of_events_says_whether_there_are_more() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let page = ada.get(&format!("/api/v1/rooms/{room}/events?after=0&limit=1")).await.expect(200);
    assert_eq!((page.json["items"].as_array().map(Vec::len), &page.json["more"]), (Some(1), &json!(true)));
    let none = ada.get(&format!("/api/v1/rooms/{room}/events?after=2")).await.expect(200);
    assert_eq!((&none.json["items"], &none.json["more"]), (&json!([]), &json!(false)));
    let events = format!("/api/v1/rooms/{room}/events");
    ada.get(&events).await.expect_problem(422, "invalid_query");
    ada.get(&format!("{events}?after=0&limit=501")).await.expect_problem(422, "invalid_limit");
}

#[actix_web::test]
async fn a_client_too_far_behind_is_told_to_read_the_history_anew() {
    let server = Server::start_with(|config| config.http.catch_up_events = 3).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    for text in ["one", "two", "three"] {
        ada.say(room, text).await;
    }
    let behind = ada.get(&format!("/api/v1/rooms/{room}/events?after=1")).await.expect(200);
    assert_eq!(behind.json, json!({"items": [], "head": 5, "more": false, "resync": true}));
    let near = ada.get(&format!("/api/v1/rooms/{room}/events?after=2")).await.expect(200);
    assert_eq!(near.json["items"].as_array().map(Vec::len), Some(3));
}
