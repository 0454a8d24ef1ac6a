//! The upgrade: `GET /app/{key}` becomes a socket.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::header::ORIGIN;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use tracing::debug;

use crate::broadcast::Socket;
use crate::pusher::{App, Code, check_version};

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

    let socket = match admit(&server, &key, &query, &request) {
        Ok(socket) => socket,
        Err((code, message)) => {
            let socket = Rc::new(server.hub().unlisted_socket());
            socket.refuse(code, &message);
            return Ok(with_outbox(response, socket));
        }
    };
    debug!(socket_id = %socket.id(), "a socket connected");
    let descriptor = request.conn_data::<Descriptor>().cloned();
    let conversation = Conversation::new(server.0.clone(), Rc::clone(&socket), meter, descriptor);
    actix_web::rt::spawn(conversation::run(conversation, messages));
    Ok(with_outbox(response, socket))
}

/// `GET /app` and anything below it that is no key: 4005, on a socket for the reason above.
pub(super) async fn refuse_path(
    server: web::ThinData<SocketServer>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, ..) = actix_ws::handle(&request, payload)?;
    let socket = Rc::new(server.hub().unlisted_socket());
    socket.refuse(Code::PathNotFound, "a socket connects to /app/{key}");
    Ok(with_outbox(response, socket))
}

fn admit(
    server: &SocketServer,
    key: &str,
    query: &ConnectQuery,
    request: &HttpRequest,
) -> Result<Rc<Socket>, (Code, String)> {
    let app = find_app(server, key, request)?;
    check_version(query.protocol.as_deref())
        .map_err(|code| (code, "this server speaks the versions 4 to 7 of the protocol".to_owned()))?;
    server.hub().open_socket(&app).map_err(|no_room| (Code::OverCapacity, no_room.to_string()))
}

fn find_app(server: &SocketServer, key: &str, request: &HttpRequest) -> Result<Arc<App>, (Code, String)> {
    let apps = server.apps().now();
    let app = apps.by_key(key).ok_or_else(|| (Code::UnknownApp, format!("no app has the key {key:?}")))?;
    if !app.is_enabled {
        return Err((Code::AppDisabled, "the app is switched off".to_owned()));
    }
    let origin = request.headers().get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    if !app.allows_origin(origin.as_deref()) {
        return Err((Code::Unauthorised, "the app allows no pages of this origin".to_owned()));
    }
    Ok(Arc::clone(app))
}

fn with_outbox(response: HttpResponse, socket: Rc<Socket>) -> HttpResponse {
    response.map_body(|_, end_of_stream: BoxBody| SocketBody::new(socket, end_of_stream).boxed())
}
