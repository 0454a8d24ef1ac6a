//! Who may connect: the app by its key, the protocol's version, the page's origin, and room for one more.

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

/// Why a client is not let in. It is said on the socket, not in the answer: a refused upgrade tells pusher-js nothing, and
/// it would try for ever.
pub(in crate::sockets) type Refusal = (Code, String);

/// Takes a client in that asks for `/app/{key}`.
pub(in crate::sockets) fn admit(
    server: &SocketServer,
    key: &str,
    query: &ConnectQuery,
    headers: &HeaderMap,
) -> Result<Rc<Socket>, Refusal> {
    let app = find_app(server, key, headers)?;
    check_version(query.protocol.as_deref())
        .map_err(|code| (code, "this server speaks the versions 4 to 7 of the protocol".to_owned()))?;
    server.hub().open_socket(&app).map_err(|no_room| (no_room.code(), no_room.to_string()))
}

/// What a client is told that asks for `/app`, or for something below it that is no key.
pub(in crate::sockets) fn refuse_path() -> Refusal {
    (Code::PathNotFound, "a socket connects to /app/{key}".to_owned())
}

fn find_app(server: &SocketServer, key: &str, headers: &HeaderMap) -> Result<Arc<App>, Refusal> {
    let apps = server.apps().now();
    let app = apps.by_key(key).ok_or_else(|| (Code::UnknownApp, format!("no app has the key {key:?}")))?;
    if !app.is_enabled {
        return Err((Code::AppDisabled, "the app is switched off".to_owned()));
    }
    let origin = headers.get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    if !app.allows_origin(origin.as_deref()) {
        return Err((Code::Unauthorised, "the app allows no pages of this origin".to_owned()));
    }
    Ok(Arc::clone(app))
}
