use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RANGE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::support::server::Server;

async fn send(request: RequestBuilder) -> Response {
    request.header(ACCEPT_ENCODING, "gzip, deflate, br").send().await.expect("an answer")
}

fn encoding(response: &Response) -> Option<&str> {
    response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().expect("text"))
}

#[actix_web::test]
async fn long_json_is_compressed_for_those_who_accept_it_and_short_answers_are_not() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    for number in 0..20 {
        ada.create_room(&format!("Room {number}"), "open").await;
    }
    let plain = ada.get("/api/v1/rooms").await.expect(200).json;
    let response = send(ada.request(Method::GET, "/api/v1/rooms")).await;
    assert_eq!(encoding(&response), Some("gzip"));
    let compressed = response.bytes().await.expect("a body");
    let mut text = String::new();
    GzDecoder::new(&compressed[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), plain);
    assert!(compressed.len() * 3 < text.len(), "{} of {} bytes", compressed.len(), text.len());
    let short = send(ada.request(Method::GET, "/api/v1/rooms/1")).await;
    assert_eq!(encoding(&short), None);
}

#[actix_web::test]
async fn files_and_event_streams_are_never_compressed() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let upload =
        ada.request(Method::POST, &format!("/api/v1/rooms/{room}/files?name=long.txt")).body("x".repeat(5_000));
    let file: Value = upload.send().await.expect("an answer").json().await.expect("JSON");
    let path = format!("/api/v1/files/{}", file["id"]);
    let part = send(ada.request(Method::GET, &path).header(RANGE, "bytes=10-2009")).await;
    assert_eq!(part.status(), 206);
    assert_ne!(encoding(&part), Some("gzip"));
    assert_eq!(part.bytes().await.expect("a body"), "x".repeat(2_000));
    let mut events = send(ada.request(Method::GET, "/api/v1/events")).await;
    assert_eq!(encoding(&events), Some("identity"), "neither here nor in a proxy");
    let first = events.chunk().await.expect("no error").expect("a chunk");
    assert!(first.starts_with(b"retry: "), "it comes at once, as text");
}
