//! What `/metrics` says, and to whom.

use reqwest::Method;

use hubbub::config::Secret;

use crate::support::person::Answer;
use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn what_happens_is_counted() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    publisher.publish("c", "e", "1").await;
    socket.expect("e").await;
    Publisher { secret: "guessed".to_owned(), ..publisher }.get("/channels", &[]).await.expect(401);
    let metrics = server.stranger().get("/metrics").await.expect(200);
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "hubbub_sockets 1",
        "hubbub_app_sockets{app_id=\"1\"} 1",
        "hubbub_channels 1",
        "hubbub_sockets_opened_total 1",
        "hubbub_events_heard_total 1",
        "hubbub_frames_sent_total 1",
        "hubbub_api_calls_accepted_total 1",
        "hubbub_api_calls_refused_total 1",
        "# TYPE hubbub_webhook_requests_delivered counter",
        "# EOF",
    ] {
        assert!(metrics.text.lines().any(|have| have == line), "no {line} in\n{}", metrics.text);
    }
}

#[actix_web::test]
async fn a_token_is_asked_for_when_one_is_set() {
    let server =
        Server::start_with(|config| config.metrics_token = Some(Secret::from("t0ken-of-the-metrics".to_owned()))).await;
    let stranger = server.stranger();
    stranger.get("/metrics").await.expect(401);
    stranger.with_token("t0ke").get("/metrics").await.expect(401);
    stranger.with_token("t0ken-of-the-metrics").get("/metrics").await.expect(200);
    Answer::of(stranger.request(Method::GET, "/metrics?token=t0ken-of-the-metrics")).await.expect(401);
}

#[actix_web::test]
async fn a_server_that_others_can_reach_tells_nothing_without_a_token() {
    for change in [
        (|config| config.listen = "0.0.0.0:0".parse().expect("an address")) as fn(&mut hubbub::config::ServeConfig),
        |config| config.public_url = Some("https://chat.example.org".to_owned()),
        |config| config.auth.trust_proxy = true,
    ] {
        let server = Server::start_with(change).await;
        let answer = server.stranger().get("/metrics").await.expect(401);
        assert!(answer.text.contains("HUBBUB_METRICS_TOKEN"), "{}", answer.text);
    }
}
