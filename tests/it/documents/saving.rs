//! Making, reading and saving documents.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use super::editor::{Editor, create_document, put};
use super::on_both_databases;
use crate::support::person::Answer;

#[actix_web::test]
async fn a_document_is_made_listed_renamed_and_said_in_the_rooms_log() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let path = format!("/api/v1/rooms/{room}/documents");
        let made = ada.post(&path, &json!({"title": " Agenda "})).await.expect(201);
        let id = made.number("/id");
        assert_eq!(made.header("location"), format!("/api/v1/documents/{id}"));
        assert_eq!((made.string("/title").as_str(), made.number("/revision")), ("Agenda", 0));
        assert_eq!(made.json["created_by"], made.json["updated_by"]);
        let older = create_document(&grace, room, "Minutes").await;
        let renamed = grace.patch(&format!("/api/v1/documents/{id}"), &json!({"title": "Plan"})).await.expect(200);
        assert_eq!((renamed.string("/title").as_str(), renamed.number("/revision")), ("Plan", 0));
        let same = grace.patch(&format!("/api/v1/documents/{id}"), &json!({"title": "Plan"})).await.expect(200);
        assert_eq!(same.json, renamed.json);
        let mut editor = Editor::open(&ada, id).await;
        editor.append("- first");
        editor.save().await.expect(200);
        let listed = ada.get(&path).await.expect(200);
        assert_eq!(listed.number("/documents/0/id"), id, "last updated first");
        assert_eq!(listed.number("/documents/1/id"), older);
        let log = ada.get(&format!("/api/v1/rooms/{room}/events?after=3")).await.expect(200);
        let types: Vec<_> = log.json["items"].as_array().expect("a list").iter().map(|event| &event["type"]).collect();
        assert_eq!(types, ["document.created", "document.created", "document.changed"]);
        assert_eq!(log.json["items"][2]["document"]["title"], "Plan");
        assert_eq!(log.json["items"][2]["actor"]["username"], "grace");
    })
    .await;
}

#[actix_web::test]
async fn two_savers_at_once_never_overwrite_each_other() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut editors = Vec::new();
        for number in 0..6 {
            let editor = Editor::open(if number % 2 == 0 { &ada } else { &grace }, id).await;
            editor.append(&format!("<{number}>"));
            editors.push(editor);
        }
        let saves = editors.iter_mut().map(Editor::save);
        let answers = futures_util::future::join_all(saves).await;
        let mut revisions: Vec<i64> =
            answers.into_iter().map(|answer| answer.expect(200).number("/document/revision")).collect();
        revisions.sort_unstable();
        assert_eq!(revisions, [1, 2, 3, 4, 5, 6], "each grows it by one");
        let text = editors[0].stored_text().await;
        assert_eq!(text.len(), 18);
        for number in 0..6 {
            assert!(text.contains(&format!("<{number}>")), "{text}");
        }
        for editor in &mut editors {
            editor.load().await.expect(200);
            assert_eq!(editor.text(), text);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_repeated_save_changes_nothing() {
    on_both_databases(async |server| {
        let ada = server.sign_up("ada").await;
        let room = ada.create_room("Lobby", "open").await;
        let id = create_document(&ada, room, "Agenda").await;
        let editor = Editor::open(&ada, id).await;
        let update = editor.append("hello");
        let first = put(&ada, &editor.path, update.clone()).await.expect(200);
        assert_eq!((&first.json["changed"], first.header("etag")), (&json!(true), "\"1\""));
        let again = ada.put(&editor.path, &json!({"update": STANDARD.encode(&update)})).await.expect(200);
        assert_eq!((&again.json["changed"], again.header("etag")), (&json!(false), "\"1\""));
        assert_eq!(again.json["document"], first.json["document"]);
        assert_eq!(again.json["state_vector"], first.json["state_vector"]);
        let removed = put(&ada, &editor.path, editor.delete(0, 1)).await.expect(200);
        assert_eq!(removed.number("/document/revision"), 2, "a deletion is a change");
        assert_eq!(editor.stored_text().await, "ello");
    })
    .await;
}

#[actix_web::test]
async fn what_was_written_offline_and_what_others_wrote_meanwhile_come_together() {
    on_both_databases(async |server| {
        let (mut ada, mut grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let room = ada.create_room("Lobby", "open").await;
        grace.join(room).await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut hers = Editor::open(&ada, id).await;
        hers.append("# Agenda\n");
        hers.save().await.expect(200);
        let mut offline = Editor::open(&grace, id).await;
        offline.append("- offline\n");
        offline.delete(0, 2);
        hers.append("- online\n");
        hers.save().await.expect(200);
        server.restart().await;
        ada.move_to(server);
        grace.move_to(server);
        (hers.person, offline.person) = (ada, grace);
        offline.save().await.expect(200);
        offline.load().await.expect(200);
        hers.load().await.expect(200);
        assert_eq!(hers.text(), offline.text());
        assert_eq!(hers.text(), hers.stored_text().await);
        for part in ["Agenda\n", "- offline\n", "- online\n"] {
            assert!(hers.text().contains(part), "{}", hers.text());
        }
        assert!(!hers.text().contains('#'));
    })
    .await;
}

#[actix_web::test]
async fn who_has_a_revision_is_told_so_and_who_has_a_part_gets_the_rest() {
    on_both_databases(async |server| {
        let ada = server.sign_up("ada").await;
        let room = ada.create_room("Lobby", "open").await;
        let id = create_document(&ada, room, "Agenda").await;
        let mut editor = Editor::open(&ada, id).await;
        editor.append(&"long ".repeat(200));
        let etag = editor.save().await.expect(200).header("etag").to_owned();
        for path in [editor.path.clone(), format!("{}/text", editor.path)] {
            let request = ada.request(Method::GET, &path).header("if-none-match", &etag);
            let unchanged = Answer::of(request).await.expect(304);
            assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", etag.as_str()));
        }
        let text = ada.get(&format!("{}/text", editor.path)).await.expect(200);
        assert_eq!(text.header("content-type"), "text/markdown; charset=utf-8");
        let whole = ada.get(&editor.path).await.expect(200);
        assert_eq!((whole.header("etag"), whole.header("cache-control")), (etag.as_str(), "private, no-cache"));
        assert_eq!(whole.json["document"]["bytes"], STANDARD.decode(whole.string("/update")).expect("base64").len());
        let mut late = Editor::open(&ada, id).await;
        editor.append("end");
        editor.save().await.expect(200);
        let rest = late.load().await.expect(200);
        assert!(rest.string("/update").len() < 100, "{}", rest.text);
        assert_eq!(late.text(), editor.text());
    })
    .await;
}
