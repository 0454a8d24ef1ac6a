//! How many subscribers a channel has, for its subscribers.

use crate::support::server::Server;
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

#[actix_web::test]
async fn subscribers_hear_how_many_they_are_if_the_app_wants_it_to_the_byte() {
    let app = format!("{OTHER_APP}subscription_counts = true\n");
    let server = Server::start_with(|config| write_apps(config, &app)).await;
    let open = || Socket::open_app(&server, OTHER_KEY, OTHER_SECRET);
    let (mut first, mut second) = (open().await, open().await);
    first.subscribe("c", None).await;
    assert_eq!(
        first.next_text().await,
        r#"{"event":"pusher_internal:subscription_count","channel":"c","data":"{\"subscription_count\":1}"}"#
    );
    second.subscribe("c", None).await;
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.expect("pusher_internal:subscription_count").await.data["subscription_count"], 2);
    }
    drop(second);
    assert_eq!(first.expect("pusher_internal:subscription_count").await.data["subscription_count"], 1);
    first.appear("presence-a", "1").await;
    first.expect_silence().await;
}

#[actix_web::test]
async fn nobody_hears_it_otherwise() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.subscribe("c", None).await;
    socket.expect_silence().await;
}
