use hubbub::config::SignUp;
use reqwest::Method;
use serde_json::json;

use crate::program::maintenance::{query_texts, run_sql};
use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::PASSWORD;

async fn sign_in(person: &Person, username: &str, password: &str) -> Answer {
    person.post("/api/v1/session", &json!({"username": username, "password": password})).await
}

fn refresh_cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
}

/// Renews with exactly this cookie, as somebody who has a copy of it would.
async fn refresh_with(person: &Person, cookie: &str) -> Answer {
    let client = reqwest::Client::new();
    let request = person.request(Method::POST, "/api/v1/session/refresh").build().expect("a request");
    Answer::of(client.post(request.url().clone()).header("cookie", cookie)).await
}

#[actix_web::test]
async fn signing_in_takes_a_form_or_json_and_sets_a_cookie_that_scripts_cannot_read() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let stranger = server.stranger();
    let form = "username=ada&password=correct%20horse%20battery";
    let answer = stranger.post_raw("/api/v1/session", "application/x-www-form-urlencoded", form).await.expect(200);
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/session", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert!(!answer.text.contains("hubr_"), "the refresh token is in the cookie only");
    let token = answer.string("/access_token");
    assert_eq!(stranger.with_token(&token).get("/api/v1/me").await.expect(200).json["username"], "ada");
}

#[actix_web::test]
async fn the_cookie_is_secure_where_people_come_over_tls() {
    let server = Server::start_with(|config| config.public_url = Some("https://chat.example.org".to_owned())).await;
    server.sign_up("ada").await;
    let answer = sign_in(&server.stranger(), "ada", PASSWORD).await.expect(200);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-hubbub_refresh=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("; Path=/;") || cookie.ends_with("; Path=/"), "{cookie}");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_person_are_answered_alike() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let wrong = sign_in(&server.stranger(), "ada", "wrong horse battery").await;
    let nobody = sign_in(&server.stranger(), "nobody", PASSWORD).await;
    let invalid = sign_in(&server.stranger(), "no such name!", PASSWORD).await;
    let detail = wrong.expect_problem(401, "wrong_credentials");
    assert_eq!(nobody.expect_problem(401, "wrong_credentials"), detail);
    assert_eq!(invalid.expect_problem(401, "wrong_credentials"), detail);
    assert!(!wrong.headers.contains_key("set-cookie"));
}

#[actix_web::test]
async fn guessing_is_slowed_down() {
    let server = Server::start_with(|config| config.rations.sign_ins_per_minute = 2).await;
    server.sign_up("ada").await;
    for _ in 0..2 {
        sign_in(&server.stranger(), "ada", "wrong horse battery").await.expect_problem(401, "wrong_credentials");
    }
    let stopped = sign_in(&server.stranger(), "ada", PASSWORD).await;
    assert!(stopped.expect_problem(429, "too_many_attempts").contains("HUBBUB_SIGN_INS_PER_MINUTE"));
    let wait: u64 = stopped.header("retry-after").parse().expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_caller_has_its_own_quota() {
    let server = Server::start_with(|config| {
        config.rations.sign_ins_per_minute = 1;
        config.auth.trust_proxy = true;
    })
    .await;
    let attempt = async |forwarded: &str, username: &str| {
        let request = server.stranger().request(Method::POST, "/api/v1/session");
        let body = json!({"username": username, "password": PASSWORD});
        Answer::of(request.header("x-forwarded-for", forwarded).json(&body)).await
    };
    attempt("192.0.2.1", "ada").await.expect_problem(401, "wrong_credentials");
    attempt("192.0.2.2", "grace").await.expect_problem(401, "wrong_credentials");
    attempt("192.0.2.9, 192.0.2.1", "linus").await.expect_problem(429, "too_many_attempts");
}

#[actix_web::test]
async fn the_cookie_renews_the_session_and_changes_each_time() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let ada = server.stranger();
    let first = sign_in(&ada, "ada", PASSWORD).await.expect(200);
    let second = ada.post("/api/v1/session/refresh", &json!({})).await.expect(200);
    assert_ne!(refresh_cookie(&first), refresh_cookie(&second));
    let renewed = ada.with_token(&second.string("/access_token"));
    assert_eq!(renewed.get("/api/v1/me").await.expect(200).json["username"], "ada");
}

#[actix_web::test]
async fn two_tabs_may_renew_at_once_with_the_same_cookie() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let cookie = refresh_cookie(&sign_in(&server.stranger(), "ada", PASSWORD).await.expect(200));
    let one = refresh_with(&server.stranger(), &cookie).await.expect(200);
    let other = refresh_with(&server.stranger(), &cookie).await.expect(200);
    for tab in [one, other] {
        server.stranger().with_token(&tab.string("/access_token")).get("/api/v1/me").await.expect(200);
    }
}

#[actix_web::test]
async fn a_cookie_that_comes_back_from_a_thief_ends_the_access_token_at_once() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let ada = server.stranger();
    let copied = refresh_cookie(&sign_in(&ada, "ada", PASSWORD).await.expect(200));
    let renewed = ada.post("/api/v1/session/refresh", &json!({})).await.expect(200);
    let ada = ada.with_token(&renewed.string("/access_token"));
    ada.get("/api/v1/me").await.expect(200);
    // The time in which two tabs may present the same cookie has passed.
    run_sql(server.data_dir(), "UPDATE session_tokens SET replaced_at = replaced_at - 31000000");
    refresh_with(&server.stranger(), &copied).await.expect_problem(401, "session_ended");
    ada.get("/api/v1/me").await.expect_problem(401, "session_ended");
}

#[actix_web::test]
async fn a_session_cannot_be_renewed_without_its_cookie() {
    let server = Server::start().await;
    server.stranger().post("/api/v1/session/refresh", &json!({})).await.expect_problem(401, "session_ended");
    let cookie = format!("hubbub_refresh=hubr_{}", "A".repeat(43));
    refresh_with(&server.stranger(), &cookie).await.expect_problem(401, "session_ended");
    refresh_with(&server.stranger(), "hubbub_refresh=").await.expect_problem(401, "session_ended");
}

#[actix_web::test]
async fn signing_out_ends_the_access_token_and_the_cookie_at_once() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let stranger = server.stranger();
    let session = sign_in(&stranger, "ada", PASSWORD).await.expect(200);
    let ada = stranger.with_token(&session.string("/access_token"));
    ada.get("/api/v1/me").await.expect(200);
    let answer = ada.delete("/api/v1/session").await.expect(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
    ada.get("/api/v1/me").await.expect_problem(401, "session_ended");
    refresh_with(&ada, &refresh_cookie(&session)).await.expect_problem(401, "session_ended");
}

#[actix_web::test]
async fn signing_in_again_ends_the_session_of_the_cookie_that_came_along() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let browser = server.stranger();
    let first = sign_in(&browser, "ada", PASSWORD).await.expect(200);
    let second = sign_in(&browser, "ada", PASSWORD).await.expect(200);
    let with = |session: &Answer| browser.with_token(&session.string("/access_token"));
    with(&first).get("/api/v1/me").await.expect_problem(401, "session_ended");
    with(&second).get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn two_refresh_cookies_are_taken_for_none() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let cookie = refresh_cookie(&sign_in(&server.stranger(), "ada", PASSWORD).await.expect(200));
    let planted = format!("{cookie}; hubbub_refresh=hubr_{}", "A".repeat(43));
    let refused = refresh_with(&server.stranger(), &planted).await;
    let removed = refused.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text").to_owned());
    let removed: Vec<String> = removed.collect();
    for path in ["/", "/api", "/api/v1", "/api/v1/session", "/api/v1/session/refresh"] {
        let removal = |cookie: &&String| {
            cookie.starts_with("hubbub_refresh=;")
                && cookie.contains("Max-Age=0")
                && cookie.contains(&format!("Path={path};"))
        };
        assert!(removed.iter().any(|cookie| removal(&cookie)), "{path}: {removed:?}");
    }
    refused.expect_problem(401, "session_ended");
    refresh_with(&server.stranger(), &cookie).await.expect(200);
}

#[actix_web::test]
async fn signing_up_ends_the_session_of_the_cookie_that_came_along_too() {
    // Over TLS the cookie has the path "/", so browsers send it to `/users` too.
    let server = Server::start_with(|config| {
        (config.sign_up, config.public_url) = (SignUp::Open, Some("https://chat.example.org".to_owned()));
    })
    .await;
    server.sign_up("ada").await;
    let browser = server.stranger();
    let first = sign_in(&browser, "ada", PASSWORD).await.expect(200);
    let sign_up = browser.request(Method::POST, "/api/v1/users").header("cookie", refresh_cookie(&first));
    Answer::of(sign_up.json(&json!({"username": "bob", "password": PASSWORD}))).await.expect(201);
    let with_token = browser.with_token(&first.string("/access_token"));
    with_token.get("/api/v1/me").await.expect_problem(401, "session_ended");
}

#[actix_web::test]
async fn a_password_is_right_in_whatever_form_its_characters_are_typed() {
    let server = Server::start_with(|config| config.sign_up = SignUp::Open).await;
    let account = json!({"username": "zoe", "password": "cre\u{300}me bru\u{302}le\u{301}e \u{fb01}ne"});
    server.stranger().post("/api/v1/users", &account).await.expect(201);
    for typed in ["cr\u{e8}me br\u{fb}l\u{e9}e fine", "cre\u{300}me bru\u{302}le\u{301}e fine"] {
        sign_in(&server.stranger(), "zoe", typed).await.expect(200);
    }
    sign_in(&server.stranger(), "zoe", "creme brulee fine").await.expect_problem(401, "wrong_credentials");
}

#[actix_web::test]
async fn a_hash_of_another_cost_is_made_again_at_the_next_sign_in() {
    let mut server = Server::start_with(|config| config.auth.password_memory_kib = 16).await;
    server.sign_up("ada").await;
    server.change_settings(|config| config.auth.password_memory_kib = 32);
    server.restart().await;
    sign_in(&server.stranger(), "ada", PASSWORD).await.expect(200);
    let hashes = query_texts(server.data_dir(), "SELECT password_hash AS text FROM users");
    assert!(hashes[0].contains("m=32,"), "{hashes:?}");
    sign_in(&server.stranger(), "ada", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn signing_out_leaves_the_other_devices_signed_in() {
    let server = Server::start().await;
    let (phone, laptop) = (server.sign_up("ada").await, server.stranger());
    let session = sign_in(&laptop, "ada", PASSWORD).await.expect(200);
    laptop.with_token(&session.string("/access_token")).delete("/api/v1/session").await.expect(204);
    phone.get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let calls = [
        (Method::POST, "/api/v1/session/refresh"),
        (Method::DELETE, "/api/v1/session"),
        (Method::POST, "/api/v1/session"),
        (Method::POST, "/api/v1/users"),
    ];
    for (method, path) in calls {
        for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let request = ada.request(method.clone(), path).header(header, value);
            let body = json!({"username": "eve", "password": PASSWORD});
            Answer::of(request.json(&body)).await.expect_problem(403, "cross_site");
        }
    }
    let own = ada.request(Method::POST, "/api/v1/session/refresh").header("sec-fetch-site", "same-origin");
    Answer::of(own).await.expect(200);
}
