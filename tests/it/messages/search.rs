use serde_json::json;

use crate::support::person::{Answer, Person};
use crate::support::server::Server;

async fn search(person: &Person, q: &str) -> Answer {
    Answer::of(person.request(reqwest::Method::GET, "/api/v1/search").query(&[("q", q)])).await
}

#[actix_web::test]
async fn a_search_answers_the_message_its_room_and_why_it_was_found() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "closed").await;
    let message = ada.say(room, "We <b>deploy</b> on Friday").await;
    let answer = search(&ada, "DEPL in:lobby from:ada").await.expect(200);
    let snippet = json!([{"text": "We <b>", "hit": false}, {"text": "deploy", "hit": true},
        {"text": "</b> on Friday", "hit": false}]);
    let hit = json!({"message": message, "room": {"id": room, "name": "Lobby"}, "snippet": snippet});
    assert_eq!(answer.json, json!({"items": [hit], "documents": [], "next": null}));
}

#[actix_web::test]
async fn the_snippet_is_the_name_of_the_file_by_which_the_message_was_found() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{room}");
    let mut files = Vec::new();
    for name in ["notes.txt", "quarterly%20budget.txt"] {
        let upload = ada.post_raw(&format!("{path}/files?name={name}"), "text/plain", name).await.expect(201);
        files.push(upload.number("/id"));
    }
    ada.post(&format!("{path}/messages"), &json!({"body": "For the meeting", "file_ids": files})).await.expect(201);
    ada.say(room, "The budget of the year").await;
    let found = search(&ada, "budg").await.expect(200);
    let in_name =
        json!([{"text": "quarterly ", "hit": false}, {"text": "budget", "hit": true}, {"text": ".txt", "hit": false}]);
    let in_text = json!([{"text": "The ", "hit": false}, {"text": "budget", "hit": true}, {"text": " of the year", "hit": false}]);
    assert_eq!((&found.json["items"][0]["snippet"], &found.json["items"][1]["snippet"]), (&in_text, &in_name));
}

#[actix_web::test]
async fn the_older_page_is_linked_whatever_the_query_contains() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    for number in 1..=3 {
        ada.say(room, &format!("tea & \"cake\" = 100% größer {number}")).await;
    }
    let query = [("q", "\"tea & cake\" größer"), ("limit", "2")];
    let first = Answer::of(ada.request(reqwest::Method::GET, "/api/v1/search").query(&query)).await.expect(200);
    assert_eq!(first.json["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(first.header("link"), format!("<{}>; rel=\"next\"", first.string("/next")));
    let second = ada.get(&first.string("/next")).await.expect(200);
    assert_eq!(second.json["items"][0]["message"]["number"], 1);
    assert_eq!((second.json["items"].as_array().map(Vec::len), &second.json["next"]), (Some(1), &json!(null)));
}

#[actix_web::test]
async fn a_removed_member_finds_nothing_and_strangers_never_did() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let room = ada.create_room("Secret", "closed").await;
    ada.say(room, "between us").await;
    let members = format!("/api/v1/rooms/{room}/members");
    let nothing = json!({"items": [], "documents": [], "next": null});
    assert_eq!(search(&eve, "between").await.expect(200).json, nothing);
    ada.post(&members, &json!({"user_id": eve.id})).await.expect(200);
    assert_eq!(search(&eve, "between").await.expect(200).json["items"].as_array().map(Vec::len), Some(1));
    ada.delete(&format!("{members}/{}", eve.id)).await.expect(204);
    assert_eq!(search(&eve, "between").await.expect(200).json, nothing);
    search(&eve, "between in:secret").await.expect_problem(422, "invalid_search");
}

#[actix_web::test]
async fn a_faulty_query_is_told_what_is_wrong_with_it() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    ada.create_room("Lobby", "open").await;
    for (q, code, word) in [
        ("", "search_empty", "no word"),
        ("before:tomorrow", "invalid_search", "2026-01-31"),
        ("has:fun", "invalid_search", "link, code or file"),
        ("from:nobody x", "invalid_search", "nobody has"),
        (&"x ".repeat(5_000), "search_too_long", "1000"),
    ] {
        let detail = search(&ada, q).await.expect_problem(422, code);
        assert!(detail.contains(word), "{detail}");
    }
    ada.get("/api/v1/search").await.expect_problem(422, "invalid_query");
    ada.get("/api/v1/search?q=x&page=2").await.expect_problem(422, "invalid_query");
    ada.get("/api/v1/search?q=x&limit=101").await.expect_problem(422, "invalid_limit");
}
