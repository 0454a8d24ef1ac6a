use serde_json::Value;

use crate::support::person::{Answer, Person};
use crate::support::server::Server;

/// Ada in a room with the messages "1" to "`count`"; and their ids.
async fn a_room_of(count: usize) -> (Server, Person, String, Vec<i64>) {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut ids = Vec::new();
    for number in 1..=count {
        ids.push(ada.say(room, &number.to_string()).await["id"].as_i64().expect("an id"));
    }
    (server, ada, format!("/api/v1/rooms/{room}/messages"), ids)
}

fn bodies(answer: &Answer) -> Vec<String> {
    let items = answer.json["items"].as_array().expect("a list");
    items.iter().map(|item| item["body"].as_str().expect("a body").to_owned()).collect()
}

#[actix_web::test]
async fn the_latest_page_comes_first_and_the_older_ones_by_its_link() {
    let (_server, ada, path, _) = a_room_of(7).await;
    let latest = ada.get(&format!("{path}?limit=3")).await.expect(200);
    assert_eq!(bodies(&latest), ["5", "6", "7"]);
    assert!(latest.json["next"].is_null());
    assert_eq!(latest.json["seq"], 9, "the room's first two events, and seven messages");
    let prev = latest.string("/prev");
    assert_eq!(latest.header("link"), format!("<{prev}>; rel=\"prev\""));
    let older = ada.get(&prev).await.expect(200);
    assert_eq!(bodies(&older), ["2", "3", "4"]);
    let oldest = ada.get(&older.string("/prev")).await.expect(200);
    assert_eq!(bodies(&oldest), ["1"]);
    assert!(oldest.json["prev"].is_null());
}

#[actix_web::test]
async fn the_way_back_leads_by_next_to_the_newest() {
    let (_server, ada, path, ids) = a_room_of(5).await;
    let first = ada.get(&format!("{path}?before={}&limit=2", ids[2])).await.expect(200);
    assert_eq!(bodies(&first), ["1", "2"]);
    let links: Vec<_> = first.headers.get_all("link").iter().map(|link| link.to_str().expect("text")).collect();
    assert_eq!(links, [format!("<{}>; rel=\"next\"", first.string("/next"))]);
    let second = ada.get(&first.string("/next")).await.expect(200);
    assert_eq!(bodies(&second), ["3", "4"]);
    let third = ada.get(&second.string("/next")).await.expect(200);
    assert_eq!(bodies(&third), ["5"]);
    assert!(third.json["next"].is_null());
}

#[actix_web::test]
async fn a_room_opens_at_the_first_message_that_was_not_read() {
    let (_server, ada, path, ids) = a_room_of(9).await;
    let around = ada.get(&format!("{path}?around_number=5&limit=2")).await.expect(200);
    assert_eq!(bodies(&around), ["4", "5"]);
    assert_eq!(ada.get(&format!("{path}?around={}&limit=2", ids[4])).await.expect(200).json, around.json);
    let beyond = ada.get(&format!("{path}?around_number=10&limit=2")).await.expect(200);
    assert_eq!(bodies(&beyond), ["8", "9"]);
    ada.get(&format!("{path}?around_number=5&around={}", ids[4])).await.expect_problem(422, "invalid_cursor");
}

#[actix_web::test]
async fn a_permalink_opens_around_its_message() {
    let (_server, ada, path, ids) = a_room_of(9).await;
    let around = ada.get(&format!("{path}?around={}&limit=3", ids[4])).await.expect(200);
    assert!(bodies(&around).contains(&"5".to_owned()), "{:?}", bodies(&around));
    assert_eq!(bodies(&around).len(), 3);
    assert!(around.json["prev"].is_string() && around.json["next"].is_string());
    ada.get(&format!("{path}?around=999999")).await.expect_problem(404, "message_not_found");
}

#[actix_web::test]
async fn the_end_of_the_history_has_no_next_page() {
    let (_server, ada, path, ids) = a_room_of(2).await;
    let after_last = ada.get(&format!("{path}?after={}", ids[1])).await.expect(200);
    assert_eq!(bodies(&after_last), [""; 0]);
    assert!(after_last.json["next"].is_null());
    let back = ada.get(&after_last.string("/prev")).await.expect(200);
    assert_eq!(bodies(&back), ["1", "2"]);
}

#[actix_web::test]
async fn a_page_of_another_form_is_refused() {
    let (_server, ada, path, ids) = a_room_of(1).await;
    for (query, code) in [
        ("limit=0".to_owned(), "invalid_limit"),
        ("limit=201".to_owned(), "invalid_limit"),
        ("limit=-1".to_owned(), "invalid_limit"),
        (format!("before={0}&after={0}", ids[0]), "invalid_cursor"),
        ("before=x".to_owned(), "invalid_query"),
        ("befor=1".to_owned(), "invalid_query"),
    ] {
        ada.get(&format!("{path}?{query}")).await.expect_problem(422, code);
    }
    let whole = ada.get(&format!("{path}?limit=200")).await.expect(200);
    assert_eq!(whole.json["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(whole.json["prev"], Value::Null);
}
