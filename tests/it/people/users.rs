use serde_json::json;

use crate::support::person::Answer;
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, PASSWORD};

#[actix_web::test]
async fn the_first_person_becomes_administrator_and_the_second_does_not() {
    let server = Server::start().await;
    assert_eq!(server.stranger().get("/api/v1/instance").await.expect(200).json["first_run"], true);
    let (first, second) = (server.sign_up("ada").await, server.sign_up("grace").await);
    assert_eq!(first.get("/api/v1/me").await.string("/role"), "administrator");
    assert_eq!(second.get("/api/v1/me").await.string("/role"), "member");
    assert_eq!(server.stranger().get("/api/v1/instance").await.expect(200).json["first_run"], false);
}

#[actix_web::test]
async fn sign_up_takes_a_form_as_curl_sends_it() {
    let server = Server::start().await;
    let form = "application/x-www-form-urlencoded";
    let body = "username=Grace&password=correct horse battery&name=Grace%20Hopper";
    let answer = server.stranger().post_raw("/api/v1/users", form, body).await.expect(201);
    assert_eq!(answer.json["user"]["username"], "grace");
    assert_eq!(answer.json["user"]["name"], "Grace Hopper");
    let encoded = "username=grace&password=correct+horse%20battery";
    server.stranger().post_raw("/api/v1/session", form, encoded).await.expect(200);
    assert_eq!((&answer.json["token_type"], &answer.json["expires_in"]), (&json!("Bearer"), &json!(600)));
}

#[actix_web::test]
async fn a_user_name_is_given_once() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let answer = server.stranger().post("/api/v1/users", &json!({"username": "ADA", "password": PASSWORD})).await;
    answer.expect_problem(409, "username_taken");
    assert_eq!(answer.json["errors"][0]["field"], "username");
}

#[actix_web::test]
async fn what_makes_an_account_invalid_is_named() {
    let server = Server::start().await;
    let cases = [
        (json!({"username": "a", "password": PASSWORD}), "invalid_username"),
        (json!({"username": "ada", "password": "short"}), "password_too_short"),
        (json!({"username": "ada", "password": "x".repeat(2_000)}), "password_too_long"),
        (json!({"username": "ada", "password": PASSWORD, "name": " "}), "name_empty"),
        (json!({"username": "ada", "password": PASSWORD, "name": "x".repeat(81)}), "name_too_long"),
        (json!({"username": "ada", "password": PASSWORD, "role": "administrator"}), "unknown_field"),
        (json!({"username": "ada"}), "missing_field"),
    ];
    for (body, code) in cases {
        server.stranger().post("/api/v1/users", &body).await.expect_problem(422, code);
    }
    assert_eq!(server.stranger().get("/api/v1/instance").await.json["first_run"], true, "nobody was made");
}

#[actix_web::test]
async fn people_are_found_by_the_beginning_of_a_name() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    server.sign_up("adam").await;
    server.sign_up("grace").await;
    let names = |answer: Answer| {
        let items = answer.json["items"].as_array().cloned().expect("a list");
        items.iter().map(|item| item["username"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(ada.get("/api/v1/users?query=ad").await.expect(200)), ["ada", "adam"]);
    assert_eq!(names(ada.get("/api/v1/users?query=ad&limit=1").await.expect(200)), ["ada"]);
    ada.get("/api/v1/users?limit=0").await.expect_problem(422, "invalid_limit");
    ada.get("/api/v1/users?limit=101").await.expect_problem(422, "invalid_limit");
    ada.get("/api/v1/users?limit=x").await.expect_problem(422, "invalid_query");
    server.stranger().get("/api/v1/users").await.expect_problem(401, "token_missing");
}

#[actix_web::test]
async fn the_demo_tells_whom_one_may_enter_as_and_nobody_else_does() {
    let demo = Server::start_with(|config| config.demo = true).await;
    let people = demo.stranger().get("/api/v1/instance").await.expect(200);
    assert_eq!(people.json["demo"]["people"][0]["username"], "ada");
    let real = Server::start().await;
    let instance = real.stranger().get("/api/v1/instance").await.expect(200);
    assert!(instance.json["demo"].is_null());
    assert_eq!(instance.json["socket"], json!({"key": APP_KEY, "host": null, "port": null, "tls": null}));
    assert_eq!(instance.json["limits"]["message_chars"], 10_000);
}
