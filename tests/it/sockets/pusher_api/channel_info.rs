//! What the HTTP API tells of channels and users.

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn occupied_channels_are_listed_with_what_was_asked() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    assert_eq!(publisher.get("/channels", &[]).await.expect(200).text, r#"{"channels":{}}"#);
    socket.subscribe("c", None).await;
    socket.appear("presence-a", "1").await;
    assert_eq!(publisher.get("/channels", &[]).await.expect(200).text, r#"{"channels":{"c":{},"presence-a":{}}}"#);
    let query = [("filter_by_prefix", "presence-"), ("info", "user_count")];
    assert_eq!(
        publisher.get("/channels", &query).await.expect(200).text,
        r#"{"channels":{"presence-a":{"user_count":1}}}"#
    );
}

#[actix_web::test]
async fn users_are_listed_once_each() {
    let server = Server::start().await;
    let (mut first, mut second, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    first.appear("presence-a", "1").await;
    second.appear("presence-a", "1").await;
    let users = publisher.get("/channels/presence-a/users", &[]).await.expect(200);
    assert_eq!(users.text, r#"{"users":[{"id":"1"}]}"#);
    assert_eq!(publisher.get("/channels/presence-b/users", &[]).await.expect(200).text, r#"{"users":[]}"#);
}

#[actix_web::test]
async fn a_question_that_makes_no_sense_is_400() {
    let server = Server::start().await;
    let publisher = Publisher::of(&server);
    for (path, query) in [
        ("/channels", vec![("info", "user_count")]),
        ("/channels", vec![("info", "user_count"), ("filter_by_prefix", "private-")]),
        ("/channels", vec![("info", "nonsense")]),
        ("/channels", vec![("info", "cache")]),
        ("/channels/c", vec![("info", "user_count")]),
        ("/channels/c", vec![("info", "cache")]),
        ("/channels/c", vec![("info", "nonsense")]),
        ("/channels/c/users", vec![]),
        ("/channels/a%20b", vec![]),
    ] {
        let answer = publisher.get(path, &query).await;
        assert_eq!(answer.status.as_u16(), 400, "{path} {query:?}: {}", answer.text);
    }
}
