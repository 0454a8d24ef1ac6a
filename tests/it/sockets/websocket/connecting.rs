//! The handshake, and every reason to refuse it: said on the socket, for a refused upgrade tells pusher-js nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::APP_KEY;
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

async fn expect_refusal(server: &Server, path: &str, code: u16) {
    Socket::connect(server, path, &[]).await.expect_refusal(code).await;
}

#[actix_web::test]
async fn the_handshake_is_as_native_sdks_expect_it_to_the_byte() {
    let server = Server::start().await;
    let mut socket = Socket::connect(&server, &format!("/app/{APP_KEY}?protocol=7"), &[]).await;
    let text = socket.next_text().await;
    let id = text.split(r#"\"socket_id\":\""#).nth(1).and_then(|rest| rest.split('\\').next()).expect("a socket id");
    assert!(
        id.split_once('.').is_some_and(|(run, number)| [run, number].iter().all(|part| part.parse::<u64>().is_ok()))
    );
    assert_eq!(
        text,
        format!(
            r#"{{"event":"pusher:connection_established","data":"{{\"socket_id\":\"{id}\",\"activity_timeout\":120}}"}}"#
        )
    );
}

#[actix_web::test]
async fn parameters_that_nobody_knows_and_missing_ones_are_no_obstacle() {
    let server = Server::start().await;
    for query in
        ["", "?protocol=7&client=js&version=8.6.0&flash=false&more=%F0%9F%90%98", "?version=4.4", "?protocol=5"]
    {
        let mut socket = Socket::connect(&server, &format!("/app/{APP_KEY}{query}"), &[]).await;
        socket.expect("pusher:connection_established").await;
    }
}

#[actix_web::test]
async fn an_unknown_key_is_4001() {
    let server = Server::start().await;
    expect_refusal(&server, "/app/nobody?protocol=7", 4001).await;
}

#[actix_web::test]
async fn a_path_that_is_no_apps_is_4005() {
    let server = Server::start().await;
    expect_refusal(&server, "/app", 4005).await;
    expect_refusal(&server, &format!("/app/{APP_KEY}/more?protocol=7"), 4005).await;
    for path in ["/", "/app/", "/nowhere", "/api/v1/rooms", "/apps/1/events", "/prefix/app/app-key", "/health/live"] {
        expect_refusal(&server, path, 4005).await;
    }
    let metrics = server.stranger().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("hubbub_connections_refused_total{reason=\"unknown_path\"} 9\n"), "{metrics}");
}

#[actix_web::test]
async fn a_version_that_is_none_is_4006_and_one_that_nobody_speaks_4007() {
    let server = Server::start().await;
    for (protocol, code) in [("seven", 4006), ("-7", 4006), ("", 4006), ("3", 4007), ("8", 4007)] {
        expect_refusal(&server, &format!("/app/{APP_KEY}?protocol={protocol}"), code).await;
    }
}

#[actix_web::test]
async fn a_disabled_app_is_4003_on_sockets_and_403_over_http() {
    let server = Server::start_with(|config| write_apps(config, &format!("{OTHER_APP}enabled = false\n"))).await;
    expect_refusal(&server, &format!("/app/{OTHER_KEY}?protocol=7"), 4003).await;
    let publisher = Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET);
    publisher.get("/channels", &[]).await.expect(403);
}

#[actix_web::test]
async fn pages_of_other_origins_are_4009_and_programs_without_one_are_let_in() {
    let app = format!(
        "{OTHER_APP}allowed_origins = [\"https://example.org:443\", \"localhost:3000\", \"https://*.example.com\"]\n"
    );
    let server = Server::start_with(|config| write_apps(config, &app)).await;
    let path = format!("/app/{OTHER_KEY}?protocol=7");
    for origin in ["https://example.org", "http://localhost:3000", "https://a.b.example.com"] {
        let mut socket = Socket::connect(&server, &path, &[("origin", origin)]).await;
        socket.expect("pusher:connection_established").await;
    }
    for origin in ["https://example.org.evil.test", "http://example.org", "https://sub.example.org", "null"] {
        Socket::connect(&server, &path, &[("origin", origin)]).await.expect_refusal(4009).await;
    }
    Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await;
}

#[actix_web::test]
async fn one_socket_more_than_an_app_may_have_is_4004_and_another_app_is_not_concerned() {
    let app = format!("{OTHER_APP}[apps.limits]\nmax_sockets = 1\n");
    let server = Server::start_with(|config| write_apps(config, &app)).await;
    let only = Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await;
    expect_refusal(&server, &format!("/app/{OTHER_KEY}?protocol=7"), 4004).await;
    Socket::open(&server).await;
    drop(only);
    // The place is free as soon as the server has seen the end of the first.
    for attempt in 0.. {
        let mut next = Socket::connect(&server, &format!("/app/{OTHER_KEY}?protocol=7"), &[]).await;
        if next.next().await.event == "pusher:connection_established" {
            break;
        }
        assert!(attempt < 100, "the place was never given back");
    }
}

#[actix_web::test]
async fn one_socket_more_than_the_server_may_have_is_4100() {
    let server = Server::start_with(|config| config.socket.max_sockets = 1).await;
    let _only = Socket::open(&server).await;
    expect_refusal(&server, &format!("/app/{APP_KEY}?protocol=7"), 4100).await;
}

#[actix_web::test]
async fn a_server_that_stops_answers_newcomers_with_503_at_once_and_closes_its_sockets_with_4100_at_the_end() {
    let mut server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    // A request whose body is missing keeps the server from ending.
    let mut slow = TcpStream::connect(server.address()).await.expect("connected");
    let head =
        "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    slow.write_all(head.as_bytes()).await.expect("written");
    // Answered after the head of the other, on the only worker.
    server.stranger().get("/health/live").await.expect(200);
    server.stop();
    let begin = Instant::now();
    // The first may still be accepted as before.
    while server.stranger().get("/health/live").await.status != 503 {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not refuse");
    }
    for upgrade in [
        "",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).await.expect("connected");
        let request = format!("GET /app/{APP_KEY}?protocol=7 HTTP/1.1\r\nhost: x\r\n{upgrade}\r\n");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    }
    // Sockets work until the requests are done, and are closed then.
    socket.expect_silence().await;
    slow.write_all(b"{\"a\": 1}").await.expect("written");
    assert_eq!(socket.closed().await.code, 4100);
}
