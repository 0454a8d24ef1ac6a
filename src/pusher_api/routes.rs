//! The route table of the Pusher HTTP API.

use actix_web::web::{ServiceConfig, ThinData, get, head, post, resource, scope, to};
use actix_web::{FromRequest, Handler, HttpResponse, Resource};

use super::error::CallError;
use super::state::PusherApi;
use super::{channels, events, revoke, users};

/// The API's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, api: PusherApi) {
    config.app_data(ThinData(api)).service(
        scope("/apps/{app_id}")
            .service(writes("/events", events::publish_event))
            .service(writes("/batch_events", events::publish_batch))
            .service(reads("/channels", channels::list_channels))
            .service(reads("/channels/{channel}", channels::show_channel))
            .service(reads("/channels/{channel}/users", channels::list_users))
            .service(reads("/connections", channels::count_connections))
            .service(writes("/revoke", revoke::revoke_right))
            .service(writes("/users/{user_id}/terminate_connections", users::terminate_connections))
            .default_service(to(|| async { Err::<HttpResponse, _>(CallError::UnknownCall) })),
    );
}

/// A call that asks. `HEAD` has the signature of its own method.
fn reads<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args, Output = Result<HttpResponse, CallError>>,
    Args: FromRequest + 'static,
{
    let refused = to(|| async { Err::<HttpResponse, _>(CallError::Method("GET, HEAD")) });
    resource(path).route(get().to(handler.clone())).route(head().to(handler)).default_service(refused)
}

/// A call that changes something.
fn writes<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args, Output = Result<HttpResponse, CallError>>,
    Args: FromRequest + 'static,
{
    let refused = to(|| async { Err::<HttpResponse, _>(CallError::Method("POST")) });
    resource(path).route(post().to(handler)).default_service(refused)
}
