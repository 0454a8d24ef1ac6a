use hubbub::config::SignUp;
use serde_json::json;

use crate::support::server::Server;
use crate::support::settings::PASSWORD;

async fn invited_only() -> Server {
    Server::start_with(|config| config.sign_up = SignUp::Invite).await
}

#[actix_web::test]
async fn without_an_invite_only_the_first_person_gets_in() {
    let server = invited_only().await;
    server.sign_up("ada").await;
    let answer = server.stranger().post("/api/v1/users", &json!({"username": "eve", "password": PASSWORD})).await;
    assert!(answer.expect_problem(403, "sign_up_closed").contains("HUBBUB_SIGN_UP"));
    assert_eq!(server.stranger().get("/api/v1/instance").await.json["sign_up"], "invite");
}

#[actix_web::test]
async fn an_invite_lets_several_people_in_and_a_wrong_one_nobody() {
    let server = invited_only().await;
    let ada = server.sign_up("ada").await;
    let invite = ada.post("/api/v1/invites", &json!({"expires_in_hours": 1})).await.expect(201);
    let code = invite.string("/code");
    assert_eq!(invite.string("/url"), server.url(&format!("/sign-up?invite={code}")));
    for username in ["grace", "linus"] {
        let body = json!({"username": username, "password": PASSWORD, "invite": code});
        server.stranger().post("/api/v1/users", &body).await.expect(201);
    }
    for wrong in ["", "hubi_", &format!("hubi_{}", "A".repeat(43)), &code[..code.len() - 1]] {
        let body = json!({"username": "eve", "password": PASSWORD, "invite": wrong});
        server.stranger().post("/api/v1/users", &body).await.expect_problem(403, "sign_up_closed");
    }
}

#[actix_web::test]
async fn invites_are_made_by_administrators_only() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    grace.post("/api/v1/invites", &json!({})).await.expect_problem(403, "administrators_only");
    server.stranger().post("/api/v1/invites", &json!({})).await.expect_problem(401, "token_missing");
    ada.post("/api/v1/invites", &json!({"expires_in_hours": 0})).await.expect_problem(422, "invalid_expires_in_hours");
    let without_body = crate::support::person::Answer::of(ada.request(reqwest::Method::POST, "/api/v1/invites")).await;
    assert!(without_body.expect(201).json["expires_at"].is_string());
}
