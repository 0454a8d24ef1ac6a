//! Finding documents by what they say, and taking them along.

use serde_json::Value;

use super::editor::{Editor, create_document};
use super::on_both_databases;
use crate::support::person::Person;

/// The titles of what is found, last updated first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let request = person.request(reqwest::Method::GET, "/api/v1/search").query(&[("q", query)]);
    let answer = crate::support::person::Answer::of(request).await.expect(200);
    let documents = answer.json["documents"].as_array().expect("a list");
    documents.iter().map(|hit| hit["document"]["title"].as_str().expect("a title").to_owned()).collect()
}

#[actix_web::test]
async fn documents_are_found_by_title_and_text_in_ones_own_rooms() {
    on_both_databases(async |server| {
        let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
        let (lobby, den) = (ada.create_room("Lobby", "open").await, ada.create_room("Den", "closed").await);
        grace.join(lobby).await;
        let agenda = create_document(&ada, lobby, "Agenda for Friday").await;
        create_document(&ada, den, "Secret plans").await;
        let mut editor = Editor::open(&grace, agenda).await;
        editor.append("# Crème brûlée\n\nThen we *deploy* on Monday, 東京都.");
        editor.save().await.expect(200);
        for query in [
            "friday",
            "creme",
            "deploy",
            "eplo",
            "de",
            "\"on monday\"",
            "東京",
            "都",
            "deploy friday",
            "from:grace deploy",
            "in:lobby deploy",
            "after:2020-01-01 deploy",
        ] {
            assert_eq!(found(&grace, query).await, ["Agenda for Friday"], "{query}");
        }
        for query in [
            "\"for creme\"",
            "plans",
            "\"deplo\"",
            "ploy\u{3000}x",
            "before:2020-01-01 deploy",
            "has:link deploy",
            "lo",
        ] {
            assert_eq!(found(&grace, query).await, [""; 0], "{query}");
        }
        assert_eq!(found(&ada, "plans").await, ["Secret plans"]);
        editor.delete(0, 3);
        editor.save().await.expect(200);
        assert_eq!(found(&grace, "creme").await, [""; 0]);
        ada.patch(&editor.path, &serde_json::json!({"title": "Minutes"})).await.expect(200);
        assert_eq!((found(&ada, "agenda").await.len(), found(&ada, "minutes").await.len()), (0, 1));

        let answer = grace.get("/api/v1/search?q=monda").await.expect(200);
        let hit = &answer.json["documents"][0];
        assert_eq!((&hit["room"]["name"], hit["snippet"][1]["hit"].as_bool()), (&Value::from("Lobby"), Some(true)));
        assert_eq!(hit["snippet"][1]["text"], "Monday");
        let older = grace.get("/api/v1/search?q=monday&before=1").await.expect(200);
        assert!(older.json.get("documents").is_none(), "on the first page only");
    })
    .await;
}
