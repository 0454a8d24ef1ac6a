use reqwest::Method;

use crate::support::person::Answer;
use crate::support::server::Server;

#[actix_web::test]
async fn the_pages_own_addresses_all_lead_to_the_page() {
    let server = Server::start().await;
    let mut pages = Vec::new();
    for path in ["/", "/rooms/1", "/sign-in", "/rooms/1/messages/2?x=y"] {
        let answer = server.stranger().get(path).await;
        assert!(matches!(answer.status.as_u16(), 200 | 503), "built or not: {}", answer.status);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let socket = server.url("").replace("http://", "ws://");
        assert!(policy.contains(&socket), "{policy}");
        pages.push(answer.text);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
}

#[actix_web::test]
async fn what_a_program_asks_for_in_vain_is_a_problem_and_no_page() {
    let server = Server::start().await;
    let stranger = server.stranger();
    for path in ["/api/v1/nothing", "/api/v2/rooms", "/broadcasting/nothing", "/assets/missing.js", "/favicon.nope"] {
        stranger.get(path).await.expect_problem(404, "not_found");
    }
    Answer::of(stranger.request(Method::POST, "/rooms/1")).await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn every_answer_carries_the_headers_that_keep_browsers_safe() {
    let server = Server::start().await;
    for path in ["/", "/api/v1/instance", "/api/v1/me", "/health/live", "/api/v1/nothing"] {
        let answer = server.stranger().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        if path != "/" {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[actix_web::test]
async fn a_request_id_is_echoed() {
    let server = Server::start().await;
    let request = server.stranger().request(Method::GET, "/api/v1/me").header("x-request-id", "from-the-proxy.7");
    let answer = Answer::of(request).await;
    answer.expect_problem(401, "token_missing");
    assert_eq!(answer.header("x-request-id"), "from-the-proxy.7");
}

#[actix_web::test]
async fn the_built_page_is_asked_for_again_and_its_files_are_not() {
    let server = Server::start().await;
    let page = server.stranger().get("/rooms/1").await;
    if page.status == 503 {
        return; // The page is not built here; `make test` builds it.
    }
    assert_eq!(page.header("cache-control"), "no-cache");
    let known = server.stranger().request(Method::GET, "/").header("if-none-match", page.header("etag"));
    let unchanged = Answer::of(known).await.expect(304);
    assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", page.header("etag")));
    // The browser keeps the page's own policy only when the answer brings none.
    assert_eq!(unchanged.header("content-security-policy"), "");

    let script = page.text.split('"').find(|text| text.starts_with("/assets/") && text.ends_with(".js"));
    let script = script.unwrap_or_else(|| panic!("no script in {}", page.text));
    let packed = server.stranger().request(Method::GET, script).header("accept-encoding", "gzip");
    let packed = packed.send().await.expect("an answer");
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(packed.headers()["cache-control"], "public, max-age=31536000, immutable");
    let head = Answer::of(server.stranger().request(Method::HEAD, script)).await.expect(200);
    assert_eq!(head.text, "");
}
