//! Several apps on one server, and their file read again while it runs.

use std::fs;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

use super::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

#[actix_web::test]
async fn two_apps_never_hear_of_each_other() {
    let server = Server::start_with(|config| write_apps(config, OTHER_APP)).await;
    let (mut ours, mut theirs) =
        (Socket::open(&server).await, Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await);
    ours.subscribe("c", None).await;
    theirs.subscribe("c", None).await;
    Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET).publish("c", "theirs", "").await;
    Publisher::of(&server).publish("c", "ours", "").await;
    ours.expect("ours").await;
    theirs.expect("theirs").await;
    // A call that is signed by one app for another.
    Publisher::new(&server, "1", OTHER_KEY, OTHER_SECRET).get("/channels", &[]).await.expect(401);
}

#[actix_web::test]
async fn the_file_is_read_again_without_dropping_a_socket() {
    let server = Server::start_with(|config| {
        write_apps(config, OTHER_APP);
        config.socket.pong_timeout_secs = 1;
    })
    .await;
    let file = server.data_dir().join("apps.toml");
    let mut socket = Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await;
    socket.subscribe("private-a", None).await;

    let third = "[[apps]]\nid = \"3\"\nkey = \"third\"\nsecret = \"s3\"\n";
    fs::write(&file, format!("{OTHER_APP}client_events = false\n{third}")).expect("written");
    server.reload().expect("valid");
    Socket::open_app(&server, "third", "s3").await;
    Publisher::new(&server, "2", OTHER_KEY, OTHER_SECRET).publish("private-a", "e", "").await;
    socket.expect("e").await;
    socket.send(serde_json::json!({"event": "client-x", "channel": "private-a", "data": 1})).await;
    assert_eq!(socket.error_code().await, 4301, "the new settings hold for sockets that were there before");

    fs::write(&file, "nonsense").expect("written");
    assert!(server.reload().expect_err("invalid").contains("apps.toml"));
    fs::write(&file, format!("{OTHER_APP}{OTHER_APP}")).expect("written");
    assert!(server.reload().expect_err("twice the same").contains("two apps"));
    socket.expect_silence().await;

    fs::write(&file, third).expect("written");
    server.reload().expect("valid");
    socket.expect_refusal(4003).await;
    let mut late = Socket::connect(&server, &format!("/app/{OTHER_KEY}?protocol=7"), &[]).await;
    late.expect_refusal(4001).await;
}
