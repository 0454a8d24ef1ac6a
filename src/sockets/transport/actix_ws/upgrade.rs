//! The transport through actix-ws: `GET /app/{key}` becomes a socket.

use std::io::ErrorKind;
use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError};

use crate::broadcast::Socket;

use crate::sockets::server::SocketServer;
use crate::sockets::session::{self, ConnectQuery, SocketSession, admit, refuse_path};
use crate::sockets::transport::frames::FrameError;
use crate::sockets::transport::reader::MessageReader;

use super::body::SocketBody;
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
    let limit = UnfinishedFrameLimit::default();
    let max_frame_bytes = server.config().max_frame_bytes;
    let mut limited = limit.apply(payload.into_inner(), max_frame_bytes);
    let payload = web::Payload::from_request(&request, &mut limited).await?;
    let (response, _, messages) = actix_ws::handle(&request, payload)?;
    let messages =
        messages.max_frame_size(max_frame_bytes).aggregate_continuations().max_continuation_size(max_frame_bytes);

    let socket = match admit(&server, &key, &query, request.headers()) {
        Ok(socket) => socket,
        Err((code, message)) => {
            let socket = Rc::new(server.hub().unlisted_socket());
            socket.refuse(code, &message);
            return Ok(with_send_queue(response, socket));
        }
    };
    let reading = LimitedReader { messages, limit, raw_fd: request.conn_data::<RawFd>().cloned() };
    let session = SocketSession::new(server.0.clone(), Rc::clone(&socket));
    actix_web::rt::spawn(session::run(session, reading));
    Ok(with_send_queue(response, socket))
}

/// `GET /app` and paths below it that are not a key.
pub(in crate::sockets) async fn refuse(
    server: web::ThinData<SocketServer>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, ..) = actix_ws::handle(&request, payload)?;
    let socket = Rc::new(server.hub().unlisted_socket());
    let (code, message) = refuse_path();
    socket.refuse(code, &message);
    Ok(with_send_queue(response, socket))
}

fn with_send_queue(response: HttpResponse, socket: Rc<Socket>) -> HttpResponse {
    response.map_body(|_, end_of_stream: BoxBody| SocketBody::new(socket, end_of_stream).boxed())
}

/// Messages from actix-ws, with a limit on an incomplete one.
struct LimitedReader {
    messages: AggregatedMessageStream,
    limit: UnfinishedFrameLimit,
    raw_fd: Option<RawFd>,
}

impl MessageReader for LimitedReader {
    async fn recv(&mut self) -> Option<Result<AggregatedMessage, FrameError>> {
        let message = self.messages.recv().await;
        self.limit.reset();
        message.map(|message| message.map_err(FrameError::from))
    }

    fn cut(&self) {
        if let Some(raw_fd) = &self.raw_fd {
            raw_fd.shut_down();
        }
    }
}

impl From<ProtocolError> for FrameError {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Overflow => Self::TooLarge,
            ProtocolError::Io(error) if error.kind() == ErrorKind::InvalidData => Self::Invalid,
            // The limit's: so much came, and no message is complete.
            ProtocolError::Io(_) => Self::TooLarge,
            _ => Self::Protocol,
        }
    }
}
