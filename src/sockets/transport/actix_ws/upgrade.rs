//! The transport through actix-ws: `GET /app/{key}` becomes a socket.

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::header::RETRY_AFTER;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use crate::broadcast::Socket;

use crate::sockets::server::SocketServer;
use crate::sockets::session::{self, ConnectQuery, SocketSession, admit, refuse_path};

use super::body::SocketBody;
use super::limited_reader::LimitedReader;
use super::raw_fd::RawFd;
use super::unfinished_frame_limit::UnfinishedFrameLimit;

/// Turns the connection into a socket.
pub(in crate::sockets) async fn connect(
    server: web::ThinData<SocketServer>,
    key: web::Path<String>,
    query: web::Query<ConnectQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if server.hub().is_stopping() {
        return Ok(HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).finish());
    }
    let limit = UnfinishedFrameLimit::default();
    let max_frame_bytes = server.config().max_frame_bytes;
    let mut limited = limit.apply(payload.into_inner(), max_frame_bytes);
    let payload = web::Payload::from_request(&request, &mut limited).await?;
    let (response, _, frames) = actix_ws::handle(&request, payload)?;

    let socket = match admit(&server, &key, &query, request.headers()) {
        Ok(socket) => socket,
        Err((code, message)) => {
            server.hub().note_refused_connection(&key, code, &message);
            let socket = Rc::new(server.hub().unlisted_socket());
            socket.refuse(code, &message);
            return Ok(with_send_queue(response, socket));
        }
    };
    let reading = LimitedReader {
        socket: Rc::clone(&socket),
        frames: frames.max_frame_size(max_frame_bytes),
        limit,
        max_message_bytes: max_frame_bytes,
        fragments: None,
        raw_fd: request.conn_data::<RawFd>().cloned(),
    };
    let session = SocketSession::new(server.0.clone(), Rc::clone(&socket));
    actix_web::rt::spawn(session::run(session, reading));
    Ok(with_send_queue(response, socket))
}

/// A handshake for any other path.
pub(in crate::sockets) async fn refuse(
    server: web::ThinData<SocketServer>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if server.hub().is_stopping() {
        return Ok(HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).finish());
    }
    let (response, ..) = actix_ws::handle(&request, payload)?;
    let socket = Rc::new(server.hub().unlisted_socket());
    let (code, message) = refuse_path();
    server.hub().note_refused_connection("", code, &message);
    socket.refuse(code, &message);
    Ok(with_send_queue(response, socket))
}

fn with_send_queue(response: HttpResponse, socket: Rc<Socket>) -> HttpResponse {
    response.map_body(|_, end_of_stream: BoxBody| SocketBody::new(socket, end_of_stream).boxed())
}
