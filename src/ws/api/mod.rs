//! The Pusher HTTP API: how an application publishes events and asks about its channels.
//!
//! Every call is signed; [`SignedCall`](signed_call::SignedCall) is the only way in. Answers and statuses are those that
//! the server SDKs expect.

mod channels;
mod error;
mod events;
mod idempotency;
mod info;
mod revoke;
mod signed_call;
mod state;
mod users;

pub use state::ApiState;

use actix_web::web::{ServiceConfig, get, post, resource, scope};

/// The API's routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        scope("/apps/{app_id}")
            .service(resource("/events").route(post().to(events::publish_event)))
            .service(resource("/batch_events").route(post().to(events::publish_batch)))
            .service(resource("/channels").route(get().to(channels::list_channels)))
            .service(resource("/channels/{channel}").route(get().to(channels::show_channel)))
            .service(resource("/channels/{channel}/users").route(get().to(channels::list_users)))
            .service(resource("/revoke").route(post().to(revoke::revoke_right)))
            .service(resource("/users/{user_id}/terminate_connections").route(post().to(users::terminate_connections))),
    );
}
