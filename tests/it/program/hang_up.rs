//! Callers who hang up before they are answered.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_message_whose_sender_hung_up_is_stored_and_broadcast_or_neither() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut socket = Socket::open(&server).await;
    socket.join(&ada, &format!("private-room.{room}")).await;

    let token = ada.token.as_deref().expect("signed up");
    for number in 0..100 {
        let body = format!("message {number}");
        let request = format!(
            "POST /api/v1/rooms/{room}/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = TcpStream::connect(server.address()).await.expect("connected");
        connection.write_all(request.as_bytes()).await.expect("sent");
        // Some are cut while they are read, some while they are stored, some after they were answered.
        std::thread::sleep(Duration::from_micros(number * 20));
        // A reset, as when a process is killed: the server learns of it at once.
        socket2::SockRef::from(&connection).set_linger(Some(Duration::ZERO)).expect("set");
        drop(connection);
    }
    ada.say(room, "sentinel").await;

    let mut seqs = BTreeSet::new();
    loop {
        let frame = socket.next().await;
        seqs.insert(frame.data["seq"].as_i64().expect("a seq"));
        if frame.data["message"]["body"] == "sentinel" {
            break;
        }
    }
    // Posts that are stored together may be broadcast in another order, the sentinel's before the last of them.
    let (first, last) = (3, *seqs.last().expect("the sentinel"));
    while seqs.len() < usize::try_from(last - first + 1).expect("positive") {
        let frame = socket.next().await;
        seqs.insert(frame.data["seq"].as_i64().expect("a seq"));
    }
    assert!(last > first, "no message of a caller who hung up was stored, so that this test shows nothing");
}
