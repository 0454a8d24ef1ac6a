use reqwest::Method;
use serde_json::json;

use crate::support::person::Answer;
use crate::support::server::Server;

#[actix_web::test]
async fn a_token_is_shown_once_and_signs_a_script_in_until_it_is_revoked() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let made = ada.post("/api/v1/tokens", &json!({"name": "deploy script"})).await.expect(201);
    let secret = made.string("/token");
    assert!(secret.starts_with("hub_"), "{secret}");

    let script = server.stranger().with_token(&secret);
    assert_eq!(script.get("/api/v1/me").await.expect(200).json["username"], "ada");
    let listed = ada.get("/api/v1/tokens").await.expect(200);
    assert_eq!(listed.json["items"][0]["name"], "deploy script");
    assert!(!listed.text.contains(&secret), "{}", listed.text);

    ada.delete(&format!("/api/v1/tokens/{}", made.number("/id"))).await.expect(204);
    script.get("/api/v1/me").await.expect_problem(401, "token_invalid");
    assert_eq!(ada.get("/api/v1/tokens").await.expect(200).json["items"], json!([]));
}

#[actix_web::test]
async fn a_token_is_revoked_by_its_owner_only() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let made = ada.post("/api/v1/tokens", &json!({"name": "script"})).await.expect(201);
    let path = format!("/api/v1/tokens/{}", made.number("/id"));
    eve.delete(&path).await.expect_problem(404, "token_not_found");
    assert_eq!(eve.get("/api/v1/tokens").await.expect(200).json["items"], json!([]));
    server.stranger().with_token(&made.string("/token")).get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_token_cannot_make_or_revoke_tokens_nor_sign_out() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let made = ada.post("/api/v1/tokens", &json!({"name": "script"})).await.expect(201);
    let script = server.stranger().with_token(&made.string("/token"));
    script.post("/api/v1/tokens", &json!({"name": "another"})).await.expect_problem(403, "session_needed");
    script.get("/api/v1/tokens").await.expect_problem(403, "session_needed");
    let own = format!("/api/v1/tokens/{}", made.number("/id"));
    script.delete(&own).await.expect_problem(403, "session_needed");
    script.delete("/api/v1/session").await.expect_problem(403, "session_needed");
}

#[actix_web::test]
async fn a_token_counts_only_in_the_authorization_header() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let token = ada.token.clone().expect("signed up");
    let stranger = server.stranger();
    stranger.get(&format!("/api/v1/me?access_token={token}")).await.expect_problem(401, "token_missing");
    for header in [format!("Basic {token}"), format!("Token {token}"), token.clone(), "Bearer".to_owned()] {
        let request = stranger.request(Method::GET, "/api/v1/me").header("authorization", header);
        Answer::of(request).await.expect_problem(401, "token_missing");
    }
    let lower = stranger.request(Method::GET, "/api/v1/me").header("authorization", format!("bearer {token}"));
    Answer::of(lower).await.expect(200);
    let refused = stranger.get("/api/v1/me").await;
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

#[actix_web::test]
async fn a_tokens_name_must_say_something() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    ada.post("/api/v1/tokens", &json!({"name": "  "})).await.expect_problem(422, "name_empty");
    ada.post("/api/v1/tokens", &json!({})).await.expect_problem(422, "missing_field");
}
