//! The route table of the Pusher HTTP API.

use actix_web::web::{ServiceConfig, ThinData, get, post, resource, scope};

use super::state::PusherApi;
use super::{channels, end_credentials, events, revoke, users};

/// The API's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, api: PusherApi) {
    config.app_data(ThinData(api)).service(
        scope("/apps/{app_id}")
            .service(resource("/events").route(post().to(events::publish_event)))
            .service(resource("/batch_events").route(post().to(events::publish_batch)))
            .service(resource("/channels").route(get().to(channels::list_channels)))
            .service(resource("/channels/{channel}").route(get().to(channels::show_channel)))
            .service(resource("/channels/{channel}/users").route(get().to(channels::list_users)))
            .service(resource("/end_credentials").route(post().to(end_credentials::end_credentials)))
            .service(resource("/revoke").route(post().to(revoke::revoke_right)))
            .service(resource("/users/{user_id}/terminate_connections").route(post().to(users::terminate_connections))),
    );
}
