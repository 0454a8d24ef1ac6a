//! Whoever made a room and was removed from it has no more rights in it than any stranger, by whatever call.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::{Answer, Person};
use crate::support::server::Server;

/// Calls about a room, a document or a file that a person without a place in it may make: seeing that an open room exists,
/// and joining it.
const FREE: [(&str, &str); 2] = [("get", "/api/v1/rooms/{id}"), ("post", "/api/v1/rooms/{id}/join")];

struct Scene {
    server: Server,
    admin: Person,
    maker: Person,
    member: Person,
    room: i64,
    /// Of the maker, and of the member.
    messages: [i64; 2],
    document: i64,
    file: i64,
}

/// The maker of a room has written in it, and was removed by the administrator.
async fn scene() -> Scene {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let (maker, member) = (server.sign_up("maker").await, server.sign_up("member").await);
    let room = maker.create_room("Hers", "open").await;
    member.join(room).await;
    let mut messages = [0; 2];
    for (place, person) in [&maker, &member].into_iter().enumerate() {
        messages[place] = person.say(room, "worth keeping").await["id"].as_i64().expect("an id");
    }
    let path = format!("/api/v1/rooms/{room}");
    let document = maker.post(&format!("{path}/documents"), &json!({"title": "Plan"})).await.expect(201).number("/id");
    let upload = format!("{path}/files?name=plan.txt");
    let file = maker.post_raw(&upload, "text/plain", "the plan").await.expect(201).number("/id");
    maker.post(&format!("{path}/messages"), &json!({"body": "see", "file_ids": [file]})).await.expect(201);
    admin.delete(&format!("{path}/members/{}", maker.id)).await.expect(204);
    Scene { server, admin, maker, member, room, messages, document, file }
}

impl Scene {
    /// Every call about a room, a document or a file: its method, its path in the contract, the path itself, and a body that
    /// would be valid.
    fn calls(&self) -> Vec<(Method, &'static str, String, Value)> {
        let room = format!("/api/v1/rooms/{}", self.room);
        let [own, others] = self.messages.map(|message| format!("{room}/messages/{message}"));
        let document = format!("/api/v1/documents/{}", self.document);
        let file = format!("/api/v1/files/{}", self.file);
        let (get, post, put, patch, delete) = (Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
        let message = "/api/v1/rooms/{id}/messages/{message}";
        let reaction = "/api/v1/rooms/{id}/messages/{message}/reactions/{emoji}";
        vec![
            (patch.clone(), "/api/v1/rooms/{id}", room.clone(), json!({"retention_days": 7})),
            (patch.clone(), "/api/v1/rooms/{id}", room.clone(), json!({"name": "Mine"})),
            (patch.clone(), "/api/v1/rooms/{id}", room.clone(), json!({"topic": "mine"})),
            (patch.clone(), "/api/v1/rooms/{id}", room.clone(), json!({"archived": true})),
            (delete.clone(), "/api/v1/rooms/{id}", room.clone(), Value::Null),
            (get.clone(), "/api/v1/rooms/{id}/members", format!("{room}/members"), Value::Null),
            (post.clone(), "/api/v1/rooms/{id}/members", format!("{room}/members"), json!({"user_id": self.maker.id})),
            (
                delete.clone(),
                "/api/v1/rooms/{id}/members/{user_id}",
                format!("{room}/members/{}", self.member.id),
                Value::Null,
            ),
            (
                delete.clone(),
                "/api/v1/rooms/{id}/members/{user_id}",
                format!("{room}/members/{}", self.maker.id),
                Value::Null,
            ),
            (put.clone(), "/api/v1/rooms/{id}/read", format!("{room}/read"), json!({"number": 1})),
            (get.clone(), "/api/v1/rooms/{id}/messages", format!("{room}/messages"), Value::Null),
            (post.clone(), "/api/v1/rooms/{id}/messages", format!("{room}/messages"), json!({"body": "still here"})),
            (get.clone(), message, own.clone(), Value::Null),
            (patch.clone(), message, own.clone(), json!({"body": "something else"})),
            (delete.clone(), message, own.clone(), Value::Null),
            (delete.clone(), message, others, Value::Null),
            (put.clone(), reaction, format!("{own}/reactions/+1"), Value::Null),
            (delete.clone(), reaction, format!("{own}/reactions/+1"), Value::Null),
            (get.clone(), "/api/v1/rooms/{id}/messages/{message}/flow", format!("{own}/flow"), Value::Null),
            (get.clone(), "/api/v1/rooms/{id}/events", format!("{room}/events?after=0"), Value::Null),
            (post.clone(), "/api/v1/rooms/{id}/files", format!("{room}/files?name=a.txt"), json!("text")),
            (get.clone(), "/api/v1/rooms/{id}/documents", format!("{room}/documents"), Value::Null),
            (post.clone(), "/api/v1/rooms/{id}/documents", format!("{room}/documents"), json!({"title": "Mine"})),
            (get.clone(), "/api/v1/documents/{id}", document.clone(), Value::Null),
            (put, "/api/v1/documents/{id}", document.clone(), json!("no update")),
            (patch, "/api/v1/documents/{id}", document.clone(), json!({"is_archived": true})),
            (delete, "/api/v1/documents/{id}", document.clone(), Value::Null),
            (get.clone(), "/api/v1/documents/{id}/text", format!("{document}/text"), Value::Null),
            (get.clone(), "/api/v1/documents/{id}/versions", format!("{document}/versions"), Value::Null),
            (get.clone(), "/api/v1/documents/{id}/versions/{number}", format!("{document}/versions/1"), Value::Null),
            (
                post,
                "/api/v1/documents/{id}/versions/{number}/restore",
                format!("{document}/versions/1/restore"),
                Value::Null,
            ),
            (get.clone(), "/api/v1/files/{id}", file.clone(), Value::Null),
            (Method::HEAD, "/api/v1/files/{id}", file.clone(), Value::Null),
            (get, "/api/v1/files/{id}/thumbnail", format!("{file}/thumbnail"), Value::Null),
            (Method::HEAD, "/api/v1/files/{id}/thumbnail", format!("{file}/thumbnail"), Value::Null),
        ]
    }
}

#[actix_web::test]
async fn whoever_made_a_room_and_was_removed_can_do_nothing_in_it() {
    let scene = scene().await;
    for (method, _, path, body) in scene.calls() {
        let request = scene.maker.request(method.clone(), &path);
        let answer = Answer::of(if body.is_null() { request } else { request.json(&body) }).await;
        // What is wrong with the body may be said first; nothing may be done, and nothing may be shown.
        let is_refused = matches!(answer.status.as_u16(), 403 | 404 | 415 | 422);
        assert!(is_refused, "{method} {path}: {} {}", answer.status, answer.text);
        assert!(!answer.text.contains("worth keeping") && !answer.text.contains("the plan"), "{method} {path}");
    }
    for channel in ["private-room", "presence-room"] {
        let request = json!({"socket_id": "1.1", "channel_name": format!("{channel}.{}", scene.room)});
        scene.maker.post("/broadcasting/auth", &request).await.expect_problem(403, "channel_refused");
    }
    let webhook = json!({"url": "https://example.org/", "room_id": scene.room, "events": ["message.posted"]});
    assert_eq!(scene.maker.post("/api/v1/webhooks", &webhook).await.status, 403);
    assert_eq!(scene.maker.get(&format!("/api/v1/events?room={}", scene.room)).await.status, 403);
    let found = scene.maker.get("/api/v1/search?q=keeping").await.expect(200);
    assert_eq!(found.json["items"].as_array().map(Vec::len), Some(0), "{}", found.text);

    let room = scene.member.get(&format!("/api/v1/rooms/{}", scene.room)).await.expect(200);
    assert_eq!((&room.json["name"], &room.json["retention_days"]), (&json!("Hers"), &Value::Null));
    assert_eq!(scene.member.bodies(scene.room).await, ["worth keeping", "worth keeping", "see"]);
    scene.member.get(&format!("/api/v1/documents/{}", scene.document)).await.expect(200);
}

#[actix_web::test]
async fn no_call_about_rooms_documents_and_files_is_left_out() {
    let scene = scene().await;
    let contract = scene.admin.get("/api/v1/openapi.json").await.expect(200).json;
    let calls = scene.calls();
    for (path, operations) in contract["paths"].as_object().expect("paths") {
        let is_about =
            ["/api/v1/rooms/{", "/api/v1/documents/{", "/api/v1/files/{"].iter().any(|start| path.starts_with(start));
        for method in operations.as_object().expect("operations").keys().filter(|_| is_about) {
            let is_called =
                calls.iter().any(|(called, at, ..)| at == path && called.as_str().eq_ignore_ascii_case(method));
            assert!(is_called || FREE.contains(&(method.as_str(), path.as_str())), "{method} {path} is not tried");
        }
    }
    drop(scene.server);
}

#[actix_web::test]
async fn the_longest_standing_member_of_a_closed_room_gets_the_makers_rights() {
    let server = Server::start().await;
    server.sign_up("admin").await;
    let (maker, second, third) =
        (server.sign_up("maker").await, server.sign_up("second").await, server.sign_up("third").await);
    let room = maker.create_room("Ours", "closed").await;
    let path = format!("/api/v1/rooms/{room}");
    for person in [&second, &third] {
        maker.post(&format!("{path}/members"), &json!({"user_id": person.id})).await.expect(200);
    }
    second.patch(&path, &json!({"name": "Mine"})).await.expect_problem(403, "not_allowed");
    maker.delete(&format!("{path}/members/{}", maker.id)).await.expect(204);
    let log = second.get(&format!("{path}/events?after=0")).await.expect(200);
    let last = log.json["items"].as_array().and_then(|events| events.last()).expect("an event").clone();
    assert_eq!((&last["type"], &last["room"]["created_by"]), (&json!("room.changed"), &json!(second.id)));
    second.patch(&path, &json!({"name": "Mine"})).await.expect(200);
    third.patch(&path, &json!({"name": "No, mine"})).await.expect_problem(403, "not_allowed");
    second.delete(&format!("{path}/members/{}", third.id)).await.expect(204);
    let detail = second.delete(&format!("{path}/members/{}", second.id)).await.expect_problem(409, "last_member");
    assert!(detail.contains("even_the_last"), "{detail}");
    second.delete(&format!("{path}/members/{}?even_the_last=true", second.id)).await.expect(204);
}

#[actix_web::test]
async fn whoever_was_removed_from_their_open_room_comes_back_as_a_member_like_others() {
    let Scene { server: _server, maker, member, room, .. } = scene().await;
    let path = format!("/api/v1/rooms/{room}");
    let joined = maker.post(&format!("{path}/join"), &json!({})).await.expect(200).json;
    assert_eq!(joined["created_by"], json!(member.id));
    maker.patch(&path, &json!({"name": "Mine"})).await.expect_problem(403, "not_allowed");
    maker.patch(&path, &json!({"retention_days": null})).await.expect_problem(403, "not_allowed");
    maker.delete(&format!("{path}/members/{}", member.id)).await.expect_problem(403, "not_allowed");
    member.patch(&path, &json!({"name": "Ours"})).await.expect(200);
}

#[actix_web::test]
async fn an_open_room_that_everybody_has_left_is_managed_by_administrators_only() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let (maker, other) = (server.sign_up("maker").await, server.sign_up("other").await);
    let room = maker.create_room("Hers", "open").await;
    let path = format!("/api/v1/rooms/{room}");
    maker.delete(&format!("{path}/members/{}", maker.id)).await.expect(204);
    for person in [&other, &maker] {
        person.post(&format!("{path}/join"), &json!({})).await.expect(200);
        assert_eq!(person.get(&path).await.expect(200).json["created_by"], Value::Null);
        person.patch(&path, &json!({"name": "Mine"})).await.expect_problem(403, "not_allowed");
    }
    maker.delete(&format!("{path}/members/{}", other.id)).await.expect_problem(403, "not_allowed");
    admin.patch(&path, &json!({"name": "Known"})).await.expect(200);
}

#[actix_web::test]
async fn administrators_see_that_closed_rooms_exist_and_read_them_after_joining_alone() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let room = ada.create_room("Secret", "closed").await;
    ada.say(room, "between us").await;
    let path = format!("/api/v1/rooms/{room}");
    assert_eq!(admin.get("/api/v1/rooms").await.json["items"].as_array().map(Vec::len), Some(0));
    let all = admin.get("/api/v1/rooms?all=true").await.expect(200);
    assert_eq!((&all.json["items"][0]["name"], &all.json["items"][0]["membership"]), (&json!("Secret"), &Value::Null));
    bob.get("/api/v1/rooms?all=true").await.expect_problem(403, "administrators_only");
    for own in ["messages", "events?after=0", "members", "documents"] {
        let answer = admin.get(&format!("{path}/{own}")).await;
        assert!(matches!(answer.status.as_u16(), 403 | 404), "{own}: {}", answer.text);
    }
    admin.patch(&path, &json!({"name": "Known"})).await.expect(200);
    bob.post(&format!("{path}/join"), &json!({})).await.expect_problem(404, "room_not_found");
    admin.post(&format!("{path}/join"), &json!({})).await.expect(200);
    let log = ada.get(&format!("{path}/events?after=0")).await.expect(200);
    let last = log.json["items"].as_array().and_then(|events| events.last()).expect("an event").clone();
    assert_eq!((&last["type"], &last["user"]["username"]), (&json!("member.joined"), &json!("admin")));
    assert_eq!(admin.bodies(room).await, ["between us"]);
}

#[actix_web::test]
async fn a_shorter_retention_is_for_administrators_waits_and_is_seen_before() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{room}");
    ada.patch(&path, &json!({"retention_days": 30})).await.expect_problem(403, "administrators_only");
    let detail = admin.patch(&path, &json!({"retention_days": 6})).await.expect_problem(422, "invalid_retention_days");
    assert!(detail.contains("HUBBUB_MIN_RETENTION_DAYS"), "{detail}");
    admin.patch(&path, &json!({"retention_days": 30})).await.expect(200);
    let seen = ada.get(&path).await.expect(200).json;
    assert_eq!((&seen["retention_days"], &seen["next_retention"]["days"]), (&Value::Null, &json!(30)));
    assert!(seen["next_retention"]["at"].as_str().is_some_and(|at| at > seen["created_at"].as_str().expect("a time")));
    // The maker may call it off: what is kept longer harms nobody.
    let longer = ada.patch(&path, &json!({"retention_days": null})).await.expect(200).json;
    assert_eq!((&longer["retention_days"], &longer["next_retention"]), (&Value::Null, &Value::Null));
    admin.patch(&path, &json!({"retention_days": 30})).await.expect(200);
    crate::program::maintenance::run_sql(server.data_dir(), "UPDATE rooms SET retention_changes_at = 1");
    let then = ada.get(&path).await.expect(200).json;
    assert_eq!((&then["retention_days"], &then["next_retention"]), (&json!(30), &Value::Null));
}
