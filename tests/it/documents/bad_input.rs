//! What must be refused with a clear error, and leave the stored document as it is.

use serde_json::json;

use super::editor::{Editor, create_document, put};
use super::on_both_databases_with;

#[actix_web::test]
async fn whatever_is_no_update_of_this_text_is_refused_and_harms_nothing() {
    on_both_databases_with(
        |config| config.documents.max_document_bytes = 100_000,
        async |server| {
            let ada = server.sign_up("ada").await;
            let room = ada.create_room("Lobby", "open").await;
            let id = create_document(&ada, room, "Agenda").await;
            let mut editor = Editor::open(&ada, id).await;
            editor.append("unharmed");
            editor.save().await.expect(200);
            let before = ada.get(&editor.path).await.expect(200);

            for (bytes, reason) in [
                (b"".as_slice(), "ends too early"),
                (b"hello", "invalid"),
                (b"\xff\xff\xff\xff\x0f\x00", "a client has no blocks"),
                // A map, a nested value, a number without an end.
                (b"\x01\x01\x07\x00\x28\x01\x04text\x01k\x01\x7d\x01\x00", "something else than plain text"),
                (b"\x01\x01\x07\x00\x04\x01\x05other\x01a\x00", "another name"),
                (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a number is too long"),
            ] {
                let refused = put(&ada, &editor.path, bytes.to_vec()).await;
                let detail = refused.expect_problem(422, "invalid_update");
                assert!(detail.contains("not a Yjs update"), "{reason}: {detail}");
            }
            let stranger = Editor::blank(&ada, create_document(&ada, room, "Other").await);
            stranger.append("one");
            let later = stranger.append("two");
            let incomplete = put(&ada, &editor.path, later).await.expect(200);
            assert_eq!((&incomplete.json["changed"], &incomplete.json["complete"]), (&json!(false), &json!(false)));

            let too_much = Editor::open(&ada, id).await;
            too_much.append(&"x".repeat(99_990));
            let detail = put(&ada, &too_much.path, too_much.unsaved()).await.expect_problem(413, "document_too_large");
            assert!(detail.contains("HUBBUB_MAX_DOCUMENT_BYTES"), "{detail}");
            put(&ada, &editor.path, vec![0; 200_000]).await.expect_problem(413, "document_too_large");
            ada.put(&editor.path, &json!({"update": "?"})).await.expect_problem(422, "invalid_update");
            ada.put(&editor.path, &json!({"updat": ""})).await.expect_problem(422, "unknown_field");

            for sv in ["!", "AQ", "AQEBAQ", "_____w8"] {
                let path = format!("{}?sv={sv}", editor.path);
                ada.get(&path).await.expect_problem(422, "invalid_state_vector");
            }
            assert_eq!(ada.get(&editor.path).await.expect(200).text, before.text, "to the byte");
        },
    )
    .await;
}

#[actix_web::test]
async fn titles_are_checked() {
    on_both_databases_with(
        |config| config.documents.max_document_title_chars = 5,
        async |server| {
            let ada = server.sign_up("ada").await;
            let room = ada.create_room("Lobby", "open").await;
            let path = format!("/api/v1/rooms/{room}/documents");
            for (title, code) in
                [(" ", "document_title_empty"), ("123456", "document_title_too_long"), ("a\nb", "invalid_text")]
            {
                ada.post(&path, &json!({"title": title})).await.expect_problem(422, code);
            }
            assert_eq!(ada.get(&path).await.expect(200).json, json!({"documents": []}));
        },
    )
    .await;
}

#[actix_web::test]
async fn more_saves_than_may_wait_are_told_to_come_back() {
    on_both_databases_with(
        |config| {
            config.documents.document_merges_at_once = 1;
            config.documents.max_waiting_document_saves = 0;
        },
        async |server| {
            let ada = server.sign_up("ada").await;
            let room = ada.create_room("Lobby", "open").await;
            let id = create_document(&ada, room, "Agenda").await;
            let editor = Editor::open(&ada, id).await;
            editor.append(&"word ".repeat(20_000));
            let update = editor.unsaved();
            let flood = (0..20).map(|_| put(&ada, &editor.path, update.clone()));
            let answers = futures_util::future::join_all(flood).await;
            let (saved, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
            assert!(!saved.is_empty());
            for answer in busy {
                assert!(answer.expect_problem(503, "busy").contains("HUBBUB_MAX_WAITING_DOCUMENT_SAVES"));
            }
            assert_eq!(editor.stored_text().await, editor.text());
        },
    )
    .await;
}
