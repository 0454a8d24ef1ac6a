//! The upgrade: `GET /app/{key}` becomes a socket.

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use tracing::debug;

use crate::broadcast::Socket;
use crate::pusher::{Code, check_version};

use super::body::SocketBody;
use super::conversation::{self, Conversation};
use super::meter::Meter;
use super::{Descriptor, SocketServer};

/// The query that clients connect with: `?protocol=7&client=js&version=8.6.0&flash=false`. The rest is ignored.
#[derive(Deserialize)]
pub(super) struct ConnectQuery {
    protocol: Option<String>,
}

/// Makes the connection a socket. What is wrong with the key or the version is said on the socket, not in the answer:
/// a refused upgrade tells pusher-js nothing, and it would try for ever.
pub(super) async fn connect(
    server: web::ThinData<SocketServer>,
    key: web::Path<String>,
    query: web::Query<ConnectQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let meter = Meter::default();
    let max_frame_bytes = server.config().max_frame_bytes;
    let mut metered = meter.watch(payload.into_inner(), max_frame_bytes);
    let payload = web::Payload::from_request(&request, &mut metered).await?;
    let (response, _, messages) = actix_ws::handle(&request, payload)?;
    let messages =
        messages.max_frame_size(max_frame_bytes).aggregate_continuations().max_continuation_size(max_frame_bytes);

    let socket = match server.hub().open_socket() {
        Ok(socket) => socket,
        Err(no_room) => {
            let socket = Rc::new(server.hub().unlisted_socket());
            socket.refuse(Code::OverCapacity, &no_room.to_string());
            return Ok(with_outbox(response, socket));
        }
    };
    debug!(socket_id = %socket.id(), "a socket connected");
    if key.as_str() != server.app().key {
        socket.refuse(Code::UnknownApp, &format!("no app has the key {:?}", key.as_str()));
    } else if let Err(code) = check_version(query.protocol.as_deref()) {
        socket.refuse(code, "this server speaks the versions 4 to 7 of the protocol");
    }
    let descriptor = request.conn_data::<Descriptor>().cloned();
    let conversation = Conversation::new(server.0.clone(), Rc::clone(&socket), meter, descriptor);
    actix_web::rt::spawn(conversation::run(conversation, messages));
    Ok(with_outbox(response, socket))
}

fn with_outbox(response: HttpResponse, socket: Rc<Socket>) -> HttpResponse {
    response.map_body(|_, end_of_stream: BoxBody| SocketBody::new(socket, end_of_stream).boxed())
}
