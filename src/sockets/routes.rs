//! The socket server's HTTP routes.

use actix_web::guard::{self, GuardContext};
use actix_web::http::header::UPGRADE;
use actix_web::web::{self, ServiceConfig, ThinData};
use actix_web::{Handler, Resource, Responder};

use super::health;
use super::server::SocketServer;
use super::transport::actix_ws;

/// The socket server's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, server: SocketServer) {
    config
        .app_data(ThinData(server))
        .route("/app/{key}", web::get().to(actix_ws::connect))
        // The checks of Reverb and Soketi, which load balancers were set up with.
        .service(check("/up", health::show_up))
        .service(check("/ready", health::show_ready))
        .service(check("/accept-traffic", health::show_ready))
        .route("/usage", web::route().to(health::show_no_usage))
        .service(web::resource("/{path:.*}").guard(guard::fn_guard(is_handshake)).to(actix_ws::refuse));
}

/// With the transport tcp, handshakes do not come this far.
fn is_handshake(request: &GuardContext<'_>) -> bool {
    let upgrade = request.head().headers().get(UPGRADE).and_then(|upgrade| upgrade.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// The health checks of a socket server in a process of its own.
pub fn configure_health(config: &mut ServiceConfig) {
    config.service(check("/health/live", health::show_live)).service(check("/health/ready", health::show_ready));
}

/// A path that load balancers ask with GET or HEAD.
fn check<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(health::refuse_method))
}
