//! The live path: pages tell each other over the socket, and the server tells of saves.

use serde_json::{Value, json};

use super::editor::{Editor, create_document, put};
use super::on_both_databases;
use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::socket::Socket;

/// A socket in a document's channel, and whatever announces the others is over.
async fn appear(server: &Server, person: &Person, document: i64) -> Socket {
    let mut socket = Socket::open(server).await;
    socket.join(person, &format!("presence-document.{document}")).await;
    socket
}

fn client_update(document: i64, data: &Value) -> Value {
    json!({"event": "client-update", "channel": format!("presence-document.{document}"), "data": data})
}

#[actix_web::test]
async fn an_update_of_ten_kilobytes_goes_from_page_to_page_as_it_is() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    let id = create_document(&ada, room, "Agenda").await;
    let mut hers = appear(&server, &ada, id).await;
    let mut other = appear(&server, &grace, id).await;
    assert_eq!(hers.expect("pusher_internal:member_added").await.data["user_info"]["username"], "grace");
    let around = r#"{"update":""}"#.len();
    let data = json!({"update": "A".repeat(10_240 - around)});
    hers.send(client_update(id, &data)).await;
    let heard = other.expect("client-update").await;
    assert_eq!(heard.data, data);
    hers.send(client_update(id, &json!({"update": "A".repeat(10_241 - around)}))).await;
    assert_eq!(hers.error_code().await, 4301);
    other.expect_silence().await;
}

#[actix_web::test]
async fn a_save_is_told_to_everybody_but_the_saver_and_with_its_update_when_that_fits() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let id = create_document(&ada, room, "Agenda").await;
        let (editor, mut reader) = (Editor::open(&ada, id).await, Editor::open(&grace, id).await);
        let mut other = appear(server, &grace, id).await;
        let mut hers = appear(server, &ada, id).await;
        other.expect("pusher_internal:member_added").await;
        let id_of_hers = hers.id.clone();
        let save = |update: Vec<u8>| {
            let request = ada.request(reqwest::Method::PUT, &editor.path).header("x-socket-id", &id_of_hers);
            Answer::of(request.header("content-type", "application/octet-stream").body(update))
        };
        let saved = save(editor.append("hello")).await.expect(200);
        let event = other.expect("document.saved").await;
        assert_eq!((&event.data["document_id"], &event.data["revision"]), (&json!(id), &json!(1)));
        assert_eq!(event.data["state_vector"], saved.json["state_vector"]);
        assert_eq!(event.data["updated_by"]["username"], "ada");
        reader.receive_base64(&event.data["update"]);
        save(editor.delete(0, 1)).await.expect(200);
        reader.receive_base64(&other.expect("document.saved").await.data["update"]);
        assert_eq!(reader.text(), "ello");
        let repeat = save(editor.unsaved()).await.expect(200);
        assert_eq!(repeat.json["changed"], false);
        save(editor.append(&"long ".repeat(3_000))).await.expect(200);
        let event = other.expect("document.saved").await;
        assert_eq!((&event.data["update"], &event.data["revision"]), (&Value::Null, &json!(3)));
        reader.load().await.expect(200);
        assert_eq!(reader.text(), editor.text());
        other.expect_silence().await;
        hers.expect_silence().await;
        put(&ada, &editor.path, editor.append(".")).await.expect(200);
        hers.expect("document.saved").await;
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_removed_loses_the_live_channels_of_all_documents_at_once() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let first = create_document(&ada, room, "Agenda").await;
        let second = create_document(&grace, room, "Minutes").await;
        let mut socket = appear(server, &grace, first).await;
        socket.join(&grace, &format!("presence-document.{second}")).await;
        let mut hers = appear(server, &ada, first).await;
        socket.expect("pusher_internal:member_added").await;
        ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
        let mut lost = [socket.next().await, socket.next().await];
        lost.sort_by_key(|frame| frame.channel.clone());
        for (frame, document) in lost.iter().zip([first, second]) {
            assert_eq!(frame.event, "pusher:subscription_error", "{frame:?}");
            assert_eq!((&frame.data["status"], &frame.data["type"]), (&json!(403), &json!("Revoked")));
            assert_eq!(frame.channel, format!("presence-document.{document}"));
        }
        hers.expect("pusher_internal:member_removed").await;
        socket.send(client_update(first, &json!({"update": "AAA="}))).await;
        assert_eq!(socket.error_code().await, 4301);
        hers.expect_silence().await;
    })
    .await;
}

#[actix_web::test]
async fn when_a_document_is_archived_nobody_stays_in_its_channel() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut other = appear(server, &grace, id).await;
        let mut hers = appear(server, &ada, id).await;
        other.expect("pusher_internal:member_added").await;
        ada.patch(&format!("/api/v1/documents/{id}"), &json!({"archived": true})).await.expect(200);
        for socket in [&mut hers, &mut other] {
            loop {
                let frame = socket.next().await;
                match frame.event.as_str() {
                    // Whose socket is taken out first is seen to leave by the other.
                    "pusher_internal:member_removed" => {}
                    "pusher:subscription_error" => break assert_eq!(frame.data["type"], "Revoked"),
                    _ => panic!("{frame:?}"),
                }
            }
        }
        ada.patch(&format!("/api/v1/documents/{id}"), &json!({"archived": false})).await.expect(200);
        hers.join(&ada, &format!("presence-document.{id}")).await;
    })
    .await;
}
