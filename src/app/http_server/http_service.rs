//! An HTTP server that hands upgraded connections to the socket server; actix-web's `HttpServer` has no hook for that.

use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error};
use futures_util::FutureExt;

use crate::sockets::{SocketServer, serve_socket};

use super::connections::Connections;

/// How long a client may go on sending a body that was refused, so that it reads the answer; as in actix-web's server.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Binds `listener` to the services that `worker` makes on each thread: an app, and the socket server that takes over
/// upgraded connections.
///
/// # Errors
/// When the listener cannot be used.
pub(in crate::app) fn listen<F, B>(
    builder: ServerBuilder,
    listener: TcpListener,
    connections: Connections,
    worker: impl Fn() -> (App<F>, SocketServer) + Clone + Send + 'static,
) -> io::Result<ServerBuilder>
where
    F: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
    F::Service: 'static,
    F::Future: 'static,
    F::InitError: Debug,
{
    let address = listener.local_addr()?;
    let stopping = builder.graceful_shutdown_signal();
    builder.listen("http", listener, move || {
        let (app, sockets) = worker();
        let (stopping, connections) = (stopping.clone(), connections.clone());
        let app =
            map_config(app.into_factory().map_err(|error: Error| error.error_response()), |()| AppConfig::default());
        HttpService::build()
            .local_addr(address)
            .tcp_nodelay(true)
            .on_connect_ext(move |connection: &TcpStream, extensions| connections.admit(connection, extensions))
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            // Who closes one direction has hung up: its search ends, and takes nobody's turn.
            .h1_allow_half_closed(false)
            // Hidden in the library's documentation, and what its own server uses: idle connections would hold up the end.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .upgrade(fn_service(move |(request, framed)| {
                serve_socket(sockets.clone(), &request, framed).map(Ok::<_, Infallible>)
            }))
            .finish(app)
            .tcp()
    })
}
