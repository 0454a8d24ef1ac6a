//! The transport that owns the connection: an upgraded request leaves the HTTP dispatcher with its `TcpStream`, and
//! nothing of HTTP is kept for it.

use std::future::ready;
use std::io::{self, IoSlice};
use std::rc::Rc;

use actix_codec::Framed;
use actix_http::{Request, h1, ws};
use actix_web::HttpMessage;
use actix_web::http::header::{HeaderMap, SEC_WEBSOCKET_KEY};
use actix_web::rt::net::TcpStream;
use actix_web::web::Query;
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use tracing::debug;

use crate::broadcast::{Frame, Priority, Socket, SocketWriter};

use crate::sockets::server::SocketServer;
use crate::sockets::session::{self, ConnectQuery, ConnectionRefusal, SocketSession, admit, refuse_path};

use super::extensions::accept_deflate;
use super::frames::FrameRules;
use super::tcp_reader::TcpReader;

/// Where an upgrade request leads.
enum UpgradeTarget {
    /// To a socket, or to the reason why it is refused.
    Socket(Result<Rc<Socket>, ConnectionRefusal>),
    /// Not to a socket: answered with this status.
    NoSocket(&'static str),
}

/// For `HttpService::upgrade`: turns the connection into a socket; the future completes when the socket has ended. A request
/// that is not a handshake is answered with an error and closed.
///
/// Nothing of the request is in the future: what it holds is kept as long as the socket.
pub fn serve_socket(
    server: SocketServer,
    request: &Request,
    framed: Framed<TcpStream, h1::Codec>,
) -> LocalBoxFuture<'static, ()> {
    let parts = framed.into_parts();
    let stream = Rc::new(parts.io);
    let handshake = HandshakeResponse::negotiate(&server, request.headers());
    match route_upgrade(&server, request) {
        UpgradeTarget::Socket(Ok(socket)) => {
            let reading = connect(&server, &socket, &stream, handshake, parts.read_buf);
            Box::pin(session::run(SocketSession::new(server, socket), reading))
        }
        UpgradeTarget::Socket(Err((code, message))) => {
            let key = request.path().strip_prefix("/app/").unwrap_or_default();
            server.hub().note_refused_connection(key, code, &message);
            let socket = Rc::new(server.hub().unlisted_socket());
            let reading = connect(&server, &socket, &stream, handshake, parts.read_buf);
            socket.refuse(code, &message);
            Box::pin(session::drain(reading))
        }
        UpgradeTarget::NoSocket(status) => {
            respond_and_close(&stream, status);
            Box::pin(ready(()))
        }
    }
}

fn route_upgrade(server: &SocketServer, request: &Request) -> UpgradeTarget {
    if server.hub().is_stopping() {
        return UpgradeTarget::NoSocket("503 Service Unavailable\r\nretry-after: 1");
    }
    if ws::verify_handshake(request.head()).is_err() {
        return UpgradeTarget::NoSocket("400 Bad Request");
    }
    let path = request.path().strip_prefix("/app/").filter(|key| !key.is_empty() && !key.contains('/'));
    let Some(key) = path else { return UpgradeTarget::Socket(Err(refuse_path())) };
    let Ok(query) = Query::<ConnectQuery>::from_query(request.uri().query().unwrap_or_default()) else {
        return UpgradeTarget::NoSocket("400 Bad Request");
    };
    UpgradeTarget::Socket(admit(server, key, &query, request.headers()))
}

/// The response to a handshake, and the negotiated extension.
struct HandshakeResponse {
    bytes: Bytes,
    deflate_from_bytes: Option<usize>,
}

impl HandshakeResponse {
    /// RFC 6455, section 4.2.2.
    fn negotiate(server: &SocketServer, headers: &HeaderMap) -> Self {
        let accept = headers.get(SEC_WEBSOCKET_KEY).map(|key| ws::hash_key(key.as_bytes()));
        let accept = accept.as_ref().map(|accept| String::from_utf8_lossy(accept)).unwrap_or_default();
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-accept: {accept}\r\n"
        );
        let deflate = server.config().deflate_from_bytes().zip(accept_deflate(headers));
        let deflate_from_bytes = deflate.map(|(from_bytes, extension)| {
            answer.push_str(&format!("sec-websocket-extensions: {extension}\r\n"));
            from_bytes
        });
        answer.push_str("\r\n");
        Self { bytes: answer.into(), deflate_from_bytes }
    }
}

/// Connects a socket with its connection. The handshake response is written together with the first frame.
fn connect(
    server: &SocketServer,
    socket: &Rc<Socket>,
    stream: &Rc<TcpStream>,
    handshake: HandshakeResponse,
    read_ahead: BytesMut,
) -> TcpReader {
    let HandshakeResponse { bytes, deflate_from_bytes } = handshake;
    socket.send_queue().connect(Box::new(TcpSocketWriter(Rc::clone(stream))), deflate_from_bytes);
    socket.send_queue().push(&Frame::raw(bytes), Priority::Required);
    let max_payload_bytes = server.config().max_frame_bytes;
    let rules = FrameRules { max_payload_bytes, may_be_deflated: deflate_from_bytes.is_some() };
    TcpReader::new(Rc::clone(stream), Rc::clone(socket), read_ahead, rules)
}

fn respond_and_close(stream: &TcpStream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    if let Err(error) = stream.try_write(answer.as_bytes()) {
        debug!(%error, "the connection ended before its answer");
    }
}

/// A connection as the hub writes to it.
#[derive(Debug)]
struct TcpSocketWriter(Rc<TcpStream>);

impl SocketWriter for TcpSocketWriter {
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        match frames {
            [frame] => self.0.try_write(frame),
            frames => self.0.try_write_vectored(frames),
        }
    }
}
