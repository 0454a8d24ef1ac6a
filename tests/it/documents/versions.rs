//! What documents said before, and going back to it.

use serde_json::json;

use super::editor::{Editor, create_document};
use super::{on_both_databases, on_both_databases_with};

#[actix_web::test]
async fn what_a_save_replaces_becomes_a_version_that_can_be_gone_back_to() {
    on_both_databases_with(
        |config| config.documents.document_version_secs = 0,
        async |server| {
            let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
            let room = ada.create_room("Lobby", "open").await;
            grace.join(room).await;
            let id = create_document(&ada, room, "Agenda").await;
            let (mut hers, mut other) = (Editor::open(&ada, id).await, Editor::open(&grace, id).await);
            hers.append("one two");
            hers.save().await.expect(200);
            other.load().await.expect(200);
            other.delete(0, 7);
            other.save().await.expect(200);
            let versions = ada.get(&format!("{}/versions", hers.path)).await.expect(200);
            assert_eq!(versions.json["versions"].as_array().map(Vec::len), Some(1), "{}", versions.text);
            assert_eq!((versions.number("/versions/0/number"), versions.number("/versions/0/revision")), (1, 1));
            assert_eq!(versions.string("/versions/0/created_by/username"), "ada");
            assert_eq!(versions.number("/versions/0/bytes"), 7);
            let version = ada.get(&format!("{}/versions/1", hers.path)).await.expect(200);
            assert_eq!(
                (version.string("/text").as_str(), &version.json["version"]),
                ("one two", &versions.json["versions"][0])
            );
            ada.get(&format!("{}/versions/2", hers.path)).await.expect_problem(404, "version_not_found");

            // Somebody has written and not saved yet when it is restored.
            other.append("three");
            let restored = ada.post(&format!("{}/versions/1/restore", hers.path), &json!({})).await.expect(200);
            assert_eq!((restored.number("/document/revision"), &restored.json["changed"]), (3, &json!(true)));
            assert_eq!(hers.stored_text().await, "one two");
            other.save().await.expect(200);
            other.load().await.expect(200);
            assert!(other.text().contains("one two") && other.text().contains("three"), "{}", other.text());
            assert_eq!(other.text(), hers.stored_text().await);
            // What was there before it was restored was kept.
            assert_eq!(ada.get(&format!("{}/versions/2", hers.path)).await.expect(200).string("/text"), "");
        },
    )
    .await;
}

#[actix_web::test]
async fn only_so_many_versions_are_kept_and_the_oldest_go() {
    on_both_databases_with(
        |config| (config.documents.document_version_secs, config.documents.max_document_versions) = (0, 2),
        async |server| {
            let ada = server.sign_up("ada").await;
            let room = ada.create_room("Lobby", "open").await;
            let id = create_document(&ada, room, "Agenda").await;
            let mut editor = Editor::open(&ada, id).await;
            for number in 1..=5 {
                editor.append(&number.to_string());
                editor.save().await.expect(200);
            }
            let versions = ada.get(&format!("{}/versions", editor.path)).await.expect(200);
            assert_eq!((versions.number("/versions/0/number"), versions.number("/versions/1/number")), (4, 3));
            assert!(versions.json["versions"][2].is_null());
        },
    )
    .await;
}

#[actix_web::test]
async fn saves_that_follow_each_other_closely_make_no_version() {
    on_both_databases(async |server| {
        let ada = server.sign_up("ada").await;
        let room = ada.create_room("Lobby", "open").await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut editor = Editor::open(&ada, id).await;
        for word in ["one", "two", "three"] {
            editor.append(word);
            editor.save().await.expect(200);
        }
        let versions = ada.get(&format!("{}/versions", editor.path)).await.expect(200);
        assert_eq!(versions.json, json!({"versions": []}));
    })
    .await;
}
