//! What must be met with a clear error or a harmless display, and lose nothing.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::{Answer, Person};
use crate::support::server::Server;

async fn ada_in_a_room() -> (Server, Person, i64, String) {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    (server, ada, room, format!("/api/v1/rooms/{room}/messages"))
}

#[actix_web::test]
async fn unknown_fields_are_refused_and_named() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    let answer = ada.post(&path, &json!({"body": "hello", "colour": "red"})).await;
    assert!(answer.expect_problem(422, "unknown_field").contains("colour"));
    assert_eq!(answer.json["errors"][0]["field"], "colour");
    ada.patch(&format!("{path}/1"), &json!({"text": "x"})).await.expect_problem(422, "unknown_field");
    ada.put(&format!("/api/v1/rooms/{room}/read"), &json!({"numbr": 1})).await.expect_problem(422, "unknown_field");
    assert_eq!(ada.bodies(room).await, [""; 0]);
}

#[actix_web::test]
async fn a_body_of_ten_megabytes_is_refused_by_an_error_that_names_the_setting() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    let huge = "x".repeat(10_000_000);
    for content_type in ["text/plain", "application/json", "application/x-www-form-urlencoded"] {
        let answer = ada.post_raw(&path, content_type, huge.clone()).await;
        assert!(answer.expect_problem(413, "body_too_large").contains("HUBBUB_MAX_BODY_BYTES"));
    }
    // Chunked: its length is not told before.
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>("x".repeat(100_000)));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    ada.post_raw(&path, "text/plain", body).await.expect_problem(413, "body_too_large");
    assert_eq!(ada.bodies(room).await, [""; 0]);
}

#[actix_web::test]
async fn messages_that_show_nothing_or_too_much_are_refused() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    for blank in ["", "   ", "\n\t\n", "\u{200b}"] {
        ada.post_raw(&path, "text/plain", blank).await.expect_problem(422, "message_empty");
        ada.post(&path, &json!({"body": blank})).await.expect_problem(422, "message_empty");
    }
    let answer = ada.post_raw(&path, "text/plain", "x".repeat(100_000)).await;
    let detail = answer.expect_problem(422, "message_too_long");
    assert!(detail.contains("100000") && detail.contains("HUBBUB_MAX_MESSAGE_CHARS"), "{detail}");
    assert_eq!(answer.json["errors"][0]["field"], "body");
    ada.post_raw(&path, "text/plain", "é".repeat(10_000)).await.expect(201);
    assert_eq!(ada.bodies(room).await.len(), 1);
}

#[actix_web::test]
async fn nul_and_lone_surrogates_are_refused() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    assert!(ada.post_raw(&path, "text/plain", "a\0b").await.expect_problem(422, "invalid_text").contains("U+0000"));
    ada.post_raw(&path, "application/json", r#"{"body":"a\u0000b"}"#).await.expect_problem(422, "invalid_text");
    for surrogate in [r#"{"body":"\ud83d"}"#, r#"{"body":"\ude00 x"}"#, r#"{"body":"\ud83d\ud83d"}"#] {
        ada.post_raw(&path, "application/json", surrogate).await.expect_problem(400, "invalid_json");
    }
    for bytes in [b"\xed\xa0\x80".to_vec(), b"\xff\xfe".to_vec(), b"caf\xe9".to_vec()] {
        ada.post_raw(&path, "text/plain", bytes).await.expect_problem(400, "invalid_utf8");
    }
    ada.post_raw(&path, "application/json", r#"{"body":"\ud83d\ude00"}"#).await.expect(201);
    assert_eq!(ada.bodies(room).await, ["😀"]);
}

#[actix_web::test]
async fn bodies_of_other_kinds_are_refused() {
    let (_server, ada, _, path) = ada_in_a_room().await;
    for broken in ["", "{", "[]", "null", "\"hello\"", "hello"] {
        let answer = ada.post_raw(&path, "application/json", broken).await;
        assert!(matches!(answer.string("/code").as_str(), "invalid_json" | "invalid_field"), "{}", answer.text);
    }
    for content_type in ["application/xml", "multipart/form-data; boundary=x", "image/png"] {
        let answer = ada.post_raw(&path, content_type, "hello").await;
        assert!(answer.expect_problem(415, "unsupported_media_type").contains("text/plain or application/json"));
    }
    let latin = ada.post_raw(&path, "text/plain; charset=iso-8859-1", "hello").await;
    assert!(latin.expect_problem(415, "unsupported_media_type").contains("UTF-8"));
    let packed = ada.request(Method::POST, &path).header("content-encoding", "gzip").body("hello");
    Answer::of(packed).await.expect_problem(415, "unsupported_media_type");
    ada.post_raw("/api/v1/rooms", "application/x-www-form-urlencoded", "name=Lobby")
        .await
        .expect_problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let (_server, ada, room, _) = ada_in_a_room().await;
    for path in ["/api/v1/rooms/x", "/api/v1/rooms/99999999999999999999", "/api/v1/room", "/api/v1/"] {
        ada.get(path).await.expect_problem(404, "not_found");
    }
    ada.get(&format!("/api/v1/rooms/{room}/messages/x")).await.expect_problem(404, "not_found");
    ada.delete("/api/v1/rooms").await.expect_problem(405, "method_not_allowed");
    ada.get("/api/v1/session").await.expect_problem(405, "method_not_allowed");
}

/// A token signed with the server's own key, whatever it says.
fn sign(server: &Server, algorithm: Algorithm, claims: &Value) -> String {
    let file = fs::read(server.data_dir().join("token-keys.json")).expect("the keys");
    let keys: Value = serde_json::from_slice(&file).expect("JSON");
    let key = &keys["keys"][0];
    let secret = URL_SAFE_NO_PAD.decode(key["secret"].as_str().expect("a secret")).expect("base64url");
    let header = Header { kid: key["kid"].as_str().map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &EncodingKey::from_secret(&secret)).expect("signed")
}

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON")
}

#[actix_web::test]
async fn tokens_that_are_expired_forged_unsigned_or_for_others_are_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let token = ada.token.clone().expect("signed up");
    let claims = claims_of(&token);
    let with = |claim: &str, value: Value| {
        let mut claims = claims.clone();
        claims[claim] = value;
        claims
    };
    ada.with_token(&sign(&server, Algorithm::HS256, &claims)).get("/api/v1/me").await.expect(200);

    let expired = sign(&server, Algorithm::HS256, &with("exp", json!(1_700_000_000)));
    ada.with_token(&expired).get("/api/v1/me").await.expect_problem(401, "token_expired");

    let parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let other_claims = URL_SAFE_NO_PAD.encode(with("sub", json!("2")).to_string());
    let invalid = [
        sign(&server, Algorithm::HS256, &with("aud", json!("another-service"))),
        sign(&server, Algorithm::HS256, &with("iss", json!("another-service"))),
        sign(&server, Algorithm::HS256, &with("sub", json!("999"))),
        sign(&server, Algorithm::HS512, &claims),
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"guessed")).expect("signed"),
        format!("{}.{other_claims}.{}", parts[0], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        "hub_".to_owned() + &"A".repeat(43),
        "nonsense".to_owned(),
    ];
    for token in invalid {
        ada.with_token(&token).get("/api/v1/me").await.expect_problem(401, "token_invalid");
    }
    let no_session = sign(&server, Algorithm::HS256, &with("sid", json!(999_999)));
    ada.with_token(&no_session).get("/api/v1/me").await.expect_problem(401, "session_ended");
}

#[actix_web::test]
async fn markup_scripts_and_mention_bombs_are_shown_and_do_nothing() {
    let (_server, ada, room, _) = ada_in_a_room().await;
    let bomb = "@everyone ".repeat(900);
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "![pixel](https://evil.example/pixel.png)",
        "\u{202e}txet desrever",
        &">".repeat(9_000),
        &bomb,
    ] {
        let message = ada.say(room, text).await;
        let html = message["html"].as_str().expect("HTML").to_lowercase();
        for dangerous in ["<script", "<img", "<svg", "onerror=\"", "href=\"javascript", "href=\"data"] {
            assert!(!html.contains(dangerous), "{text} became {html}");
        }
        assert_eq!(message["body"], text.trim_end(), "nothing is lost");
    }
}
