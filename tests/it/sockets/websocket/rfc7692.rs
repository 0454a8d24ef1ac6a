//! RFC 7692, permessage-deflate, byte by byte.
//!
//! The transport `tcp` has the extension. actix-ws does not: it declines every offer, and the tests of what follows an
//! accepted offer end there.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use hubbub::config::{Deflate, SocketTransport};

use super::connection::{CONTINUATION, DEFLATED, LAST, PING, PONG, SAY, TEXT, Wire, frame};
use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::transport;
use crate::support::socket::Socket;

const OFFER: &str = "permessage-deflate; client_max_window_bits";
const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const MAX_FRAME_BYTES: usize = 2_000;

async fn server() -> Server {
    Server::start_with(|config| {
        config.socket.max_frame_bytes = MAX_FRAME_BYTES;
        config.socket.max_event_data_bytes = MAX_FRAME_BYTES;
    })
    .await
}

/// What this run's transport answers to an offer that can be accepted.
fn answer() -> Option<&'static str> {
    match transport() {
        SocketTransport::Tcp => Some(ANSWER),
        SocketTransport::ActixWs => None,
    }
}

/// A socket that speaks the extension; `None` on the transport that declines it.
async fn open(server: &Server) -> Option<Wire> {
    let (wire, accepted) = Wire::offer(server, OFFER).await;
    assert_eq!(accepted.as_deref(), answer());
    accepted.map(|_| wire)
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(text.len() + 100);
    let mut deflater = Compress::new(Compression::best(), false);
    deflater.compress_vec(text, &mut deflated, FlushCompress::Sync).expect("room");
    deflated.truncate(deflated.len() - 4);
    deflated
}

fn inflate(deflated: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::with_capacity(100_000);
    let deflated = [deflated, &[0, 0, 0xff, 0xff]].concat();
    let mut inflater = Decompress::new(false);
    inflater.decompress_vec(&deflated, &mut inflated, FlushDecompress::Sync).expect("deflated");
    inflated
}

#[actix_web::test]
async fn an_offer_is_accepted_declined_or_never_looked_at() {
    let server = server().await;
    for offer in [OFFER, "x-first, permessage-deflate", "permessage-deflate; x, permessage-deflate"] {
        assert_eq!(Wire::offer(&server, offer).await.1.as_deref(), answer(), "{offer}");
    }
    for offer in ["x-first", "permessage-deflate; server_max_window_bits=8", "permessage-deflate; x"] {
        assert_eq!(Wire::offer(&server, offer).await.1, None, "{offer}");
    }
    let off = Server::start_with(|config| config.socket.socket_deflate = Deflate::Off).await;
    let (mut wire, answer) = Wire::offer(&off, OFFER).await;
    assert_eq!(answer, None);
    wire.send(&frame(LAST | DEFLATED | TEXT, &deflate(SAY))).await;
    assert!([1002, 1007].contains(&wire.close_code().await));
}

#[actix_web::test]
async fn messages_come_deflated_or_not_and_however_they_are_cut() {
    let server = server().await;
    let Some(mut wire) = open(&server).await else { return };
    let deflated = deflate(SAY);
    let (first, rest) = deflated.split_at(5);
    let (second, third) = rest.split_at(9);
    let mut last_block = Vec::with_capacity(100);
    let mut deflater = Compress::new(Compression::best(), false);
    deflater.compress_vec(SAY, &mut last_block, FlushCompress::Finish).expect("room");
    last_block.push(0);
    let fragments =
        [frame(DEFLATED | TEXT, first), frame(CONTINUATION, second), frame(LAST | CONTINUATION, third)].concat();
    let empty_ones =
        [frame(DEFLATED | TEXT, b""), frame(CONTINUATION, &deflated), frame(LAST | CONTINUATION, b"")].concat();
    for message in [
        frame(LAST | DEFLATED | TEXT, &deflated),
        frame(LAST | TEXT, SAY),
        frame(LAST | DEFLATED | TEXT, &last_block),
        fragments,
        empty_ones,
    ] {
        wire.send(&message.repeat(2)).await;
        for _ in 0..2 {
            wire.expect_answer().await;
        }
        for byte in &message {
            wire.send(std::slice::from_ref(byte)).await;
        }
        wire.expect_answer().await;
    }
}

#[actix_web::test]
async fn control_frames_come_between_deflated_fragments_and_are_not_deflated() {
    let server = server().await;
    let Some(mut wire) = open(&server).await else { return };
    let (first, second) = (&deflate(SAY)[..7], &deflate(SAY)[7..]);
    wire.send(&[frame(DEFLATED | TEXT, first), frame(LAST | PING, b"there?")].concat()).await;
    assert_eq!(wire.next().await, (PONG, b"there?".to_vec()));
    wire.send(&frame(LAST | CONTINUATION, second)).await;
    wire.expect_answer().await;
}

#[actix_web::test]
async fn an_empty_message_is_a_message() {
    let server = server().await;
    let Some(mut wire) = open(&server).await else { return };
    for payload in [&[0x00][..], &[]] {
        wire.send(&frame(LAST | DEFLATED | TEXT, payload)).await;
        let (opcode, answer) = wire.next().await;
        assert_eq!(opcode, TEXT);
        assert!(answer.starts_with(br#"{"event":"pusher:error""#), "an empty text is no frame of the protocol");
    }
}

#[actix_web::test]
async fn a_bit_that_is_out_of_place_closes_with_1002() {
    let server = server().await;
    let cases = [
        ("on a continuation", [frame(DEFLATED | TEXT, b"x"), frame(LAST | DEFLATED | CONTINUATION, b"x")].concat()),
        ("on a ping", frame(LAST | DEFLATED | PING, b"")),
        ("the second one", frame(LAST | 0x20 | TEXT, SAY)),
        ("the third one beside it", frame(LAST | DEFLATED | 0x10 | TEXT, &deflate(SAY))),
    ];
    for (case, bytes) in cases {
        let Some(mut wire) = open(&server).await else { return };
        wire.send(&bytes).await;
        assert_eq!(wire.close_code().await, 1002, "{case}");
    }
    let mut wire = Wire::open(&server, b"").await;
    wire.send(&frame(LAST | DEFLATED | TEXT, &deflate(SAY))).await;
    assert_eq!(wire.close_code().await, 1002, "without the extension");
}

#[actix_web::test]
async fn what_is_not_deflated_or_no_text_closes_with_1007() {
    let server = server().await;
    for payload in [&[0xff; 9][..], &deflate(b"\xff\xfe")] {
        let Some(mut wire) = open(&server).await else { return };
        wire.send(&frame(LAST | DEFLATED | TEXT, payload)).await;
        assert_eq!(wire.close_code().await, 1007);
    }
}

#[actix_web::test]
async fn a_bomb_is_refused_by_what_it_would_become() {
    let server = server().await;
    let sized = |length: usize| {
        let (before, after) = (&br#"{"event":"pusher:ping","data":""#[..], &br#""}"#[..]);
        [before, &vec![b'x'; length - before.len() - after.len()], after].concat()
    };
    let Some(mut wire) = open(&server).await else { return };
    wire.send(&frame(LAST | DEFLATED | TEXT, &deflate(&sized(MAX_FRAME_BYTES)))).await;
    wire.expect_answer().await;
    // A million bytes in a thousand.
    for length in [MAX_FRAME_BYTES + 1, 1_000_000] {
        let bomb = deflate(&sized(length));
        assert!(bomb.len() < MAX_FRAME_BYTES);
        let Some(mut wire) = open(&server).await else { return };
        wire.send(&frame(LAST | DEFLATED | TEXT, &bomb)).await;
        assert_eq!(wire.close_code().await, 1009, "{length} bytes in one frame");
        let Some(mut wire) = open(&server).await else { return };
        let (first, second) = bomb.split_at(bomb.len() / 2);
        wire.send(&[frame(DEFLATED | TEXT, first), frame(LAST | CONTINUATION, second)].concat()).await;
        assert_eq!(wire.close_code().await, 1009, "{length} bytes in two");
    }
}

#[actix_web::test]
async fn a_client_with_the_extension_and_one_without_get_the_same() {
    let server = Server::start().await;
    let (mut without, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    let Some(mut with) = open(&server).await else { return };
    with.send(&frame(LAST | TEXT, br#"{"event":"pusher:subscribe","data":{"channel":"c"}}"#)).await;
    assert_eq!(with.next().await.0, TEXT);
    without.subscribe("c", None).await;
    let long = serde_json::to_string(&"to be or not to be ".repeat(100)).expect("JSON");
    for (data, first_byte) in
        [(long.as_str(), LAST | DEFLATED | TEXT), ("1", LAST | TEXT), (&long, LAST | DEFLATED | TEXT)]
    {
        publisher.publish("c", "e", data).await;
        let (first, payload) = with.next_frame().await;
        assert_eq!(first, first_byte);
        let text = if first & DEFLATED == 0 { payload } else { inflate(&payload) };
        assert_eq!(String::from_utf8_lossy(&text), without.next_text().await);
    }
    let metrics = server.stranger().get("/metrics").await.text;
    let saved = metrics.lines().find_map(|line| line.strip_prefix("hubbub_bytes_saved_total "));
    assert!(saved.and_then(|saved| saved.parse().ok()).is_some_and(|saved: u64| saved > 3_000), "{saved:?}");
}
