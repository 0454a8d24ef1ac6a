//! Who may read and write documents.

use serde_json::json;

use super::editor::{Editor, create_document, put};
use super::on_both_databases;

#[actix_web::test]
async fn a_document_of_a_closed_room_does_not_exist_for_others() {
    on_both_databases(async |server| {
        let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
        let (open, closed) = (ada.create_room("Lobby", "open").await, ada.create_room("Den", "closed").await);
        for (room, status, code) in [(open, 403, "not_a_member"), (closed, 404, "document_not_found")] {
            let id = create_document(&ada, room, "Agenda").await;
            let path = format!("/api/v1/documents/{id}");
            eve.get(&path).await.expect_problem(status, code);
            eve.get(&format!("{path}/text")).await.expect_problem(status, code);
            eve.get(&format!("{path}/versions")).await.expect_problem(status, code);
            eve.get(&format!("{path}/versions/1")).await.expect_problem(status, code);
            eve.post(&format!("{path}/versions/1/restore"), &json!({})).await.expect_problem(status, code);
            eve.patch(&path, &json!({"title": "Mine"})).await.expect_problem(status, code);
            put(&eve, &path, [0, 0].to_vec()).await.expect_problem(status, code);
            let auth = json!({"socket_id": "1.2", "channel_name": format!("presence-document.{id}")});
            eve.post("/broadcasting/auth", &auth).await.expect_problem(403, "channel_refused");
            ada.post("/broadcasting/auth", &auth).await.expect(200);
        }
        let path = format!("/api/v1/rooms/{closed}/documents");
        eve.get(&path).await.expect_problem(404, "room_not_found");
        eve.post(&path, &json!({"title": "Mine"})).await.expect_problem(404, "room_not_found");
        ada.get("/api/v1/documents/999").await.expect_problem(404, "document_not_found");
        server.stranger().get("/api/v1/documents/1").await.expect_problem(401, "token_missing");
    })
    .await;
}

#[actix_web::test]
async fn whoever_was_removed_can_no_longer_save() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut hers = Editor::open(&grace, id).await;
        hers.append("before");
        hers.save().await.expect(200);
        hers.append(" after");
        ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
        hers.save().await.expect_problem(403, "not_a_member");
        hers.load().await.expect_problem(403, "not_a_member");
        assert_eq!(Editor::open(&ada, id).await.text(), "before");
    })
    .await;
}

#[actix_web::test]
async fn an_archived_document_is_read_and_not_written_until_it_is_taken_out() {
    on_both_databases(async |server| {
        let ada = server.sign_up("ada").await;
        let room = ada.create_room("Lobby", "open").await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut editor = Editor::open(&ada, id).await;
        editor.append("done");
        editor.save().await.expect(200);
        let archived = ada.patch(&editor.path, &json!({"archived": true})).await.expect(200);
        assert!(archived.json["archived_at"].is_string());
        let again = ada.patch(&editor.path, &json!({"archived": true})).await.expect(200);
        assert_eq!(again.json, archived.json);
        editor.append("!");
        editor.save().await.expect_problem(409, "document_archived");
        ada.patch(&editor.path, &json!({"title": "New"})).await.expect_problem(409, "document_archived");
        let auth = json!({"socket_id": "1.2", "channel_name": format!("presence-document.{id}")});
        ada.post("/broadcasting/auth", &auth).await.expect_problem(403, "channel_refused");
        assert_eq!(Editor::open(&ada, id).await.text(), "done");
        ada.patch(&editor.path, &json!({"title": "New", "archived": false})).await.expect(200);
        editor.save().await.expect(200);
        assert_eq!(editor.stored_text().await, "done!");
    })
    .await;
}
