//! Admission of a connection: the app's key, the protocol version, the page's origin, and the limit of sockets.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, ORIGIN};
use serde::Deserialize;

use crate::broadcast::Socket;
use crate::pusher::{App, Code, check_version};

use crate::sockets::server::SocketServer;

/// The query that clients connect with: `?protocol=7&client=js&version=8.6.0&flash=false`. The rest is ignored.
#[derive(Deserialize)]
pub(in crate::sockets) struct ConnectQuery {
    protocol: Option<String>,
}

/// Why a connection is refused. It is sent on the socket, not in the answer: a refused upgrade tells pusher-js nothing, and
/// it would try for ever.
pub(in crate::sockets) type Refusal = (Code, String);

/// Admits a client that asks for `/app/{key}`.
pub(in crate::sockets) fn admit(
    server: &SocketServer,
    key: &str,
    query: &ConnectQuery,
    headers: &HeaderMap,
) -> Result<Rc<Socket>, Refusal> {
    let app = find_app(server, key, headers)?;
    check_version(query.protocol.as_deref())
        .map_err(|code| (code, "unsupported protocol version; supported are 4 to 7".to_owned()))?;
    server.hub().open_socket(&app).map_err(|no_room| (no_room.code(), no_room.to_string()))
}

/// The refusal for any other path.
pub(in crate::sockets) fn refuse_path() -> Refusal {
    (Code::PathNotFound, "path not found; a socket connects to /app/{key}".to_owned())
}

fn find_app(server: &SocketServer, key: &str, headers: &HeaderMap) -> Result<Arc<App>, Refusal> {
    let apps = server.apps().now();
    let app = apps.by_key(key).ok_or_else(|| (Code::UnknownApp, format!("no app has the key {key:?}")))?;
    if !app.is_enabled {
        return Err((Code::AppDisabled, "the app is disabled".to_owned()));
    }
    let origin = headers.get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    if !app.allows_origin(origin.as_deref()) {
        return Err((Code::Unauthorised, "origin not allowed by the app".to_owned()));
    }
    Ok(Arc::clone(app))
}
