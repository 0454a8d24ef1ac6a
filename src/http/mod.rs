//! The HTTP API, and the page (steps 1, 2, 3 and 6 of the walk; `docs/api.md` is its contract).
//!
//! One file per noun. A handler is the use case: it parses, asks the store, dispatches what happened, and answers. The
//! one to read first is `post_message` in `messages/post.rs`.

mod broadcasting;
mod channel_rights;
mod compression;
mod documents;
mod error;
mod files;
mod instance;
mod log;
mod messages;
mod people;
mod pipeline;
mod rations;
mod rooms;
mod search;
mod state;
mod text_schema;
mod webhooks;

use crate::domain::Refusal;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, head, patch, post, put, resource, scope};

pub use error::ApiError;
pub use pipeline::response::finish_response;
pub use state::{DemoPerson, SocketApp, WebParts, WebState, limits};

/// The route table. It wants [`finish_response`] around it.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<WebState>) {
    let api = scope("/api/v1")
        .wrap(from_fn(pipeline::response::run_to_completion))
        .wrap(from_fn(compression::choose))
        .wrap(Compress::default())
        .wrap(from_fn(compression::finish))
        // Routes are tried in this order, and this one is asked for the most.
        .service(
            resource("/rooms/{id}/messages")
                .route(get().to(messages::history::list_messages))
                .route(post().to(messages::post::post_message)),
        )
        .service(resource("/openapi.json").route(get().to(instance::openapi::show_contract)))
        .service(resource("/instance").route(get().to(instance::info::show_instance)))
        .service(resource("/users").route(get().to(people::users::find_users)).route(post().to(people::users::sign_up)))
        .service(resource("/users/{id}").route(patch().to(people::account::change_account)))
        .service(resource("/me").route(get().to(people::users::show_me)))
        .service(resource("/me/password").route(put().to(people::account::change_password)))
        .service(
            resource("/session")
                .route(post().to(people::sessions::sign_in))
                .route(delete().to(people::sessions::sign_out)),
        )
        .service(resource("/sessions").route(delete().to(people::account::sign_out_everywhere)))
        .service(resource("/session/refresh").route(post().to(people::sessions::refresh)))
        .service(resource("/invites").route(post().to(people::invites::create_invite)))
        .service(
            resource("/tokens")
                .route(get().to(people::tokens::list_tokens))
                .route(post().to(people::tokens::create_token)),
        )
        .service(resource("/tokens/{id}").route(delete().to(people::tokens::delete_token)))
        .service(
            resource("/webhooks")
                .route(get().to(webhooks::webhook::list_webhooks))
                .route(post().to(webhooks::webhook::create_webhook)),
        )
        .service(resource("/webhooks/{id}").route(delete().to(webhooks::webhook::delete_webhook)))
        .service(resource("/webhooks/{id}/deliveries").route(get().to(webhooks::deliveries::list_deliveries)))
        .service(
            resource("/webhooks/{id}/deliveries/{delivery}/retry")
                .route(post().to(webhooks::deliveries::retry_delivery)),
        )
        .service(resource("/rooms").route(get().to(rooms::room::list_rooms)).route(post().to(rooms::room::create_room)))
        .service(
            resource("/rooms/{id}")
                .route(get().to(rooms::room::show_room))
                .route(patch().to(rooms::room::change_room))
                .route(delete().to(rooms::room::delete_room)),
        )
        .service(resource("/rooms/{id}/join").route(post().to(rooms::room::join_room)))
        .service(
            resource("/rooms/{id}/members")
                .route(get().to(rooms::members::list_members))
                .route(post().to(rooms::members::add_member)),
        )
        .service(resource("/rooms/{id}/members/{user_id}").route(delete().to(rooms::members::remove_member)))
        .service(resource("/rooms/{id}/read").route(put().to(rooms::reads::mark_read)))
        .service(
            resource("/rooms/{id}/messages/{message}")
                .route(get().to(messages::post::show_message))
                .route(patch().to(messages::post::edit_message))
                .route(delete().to(messages::post::delete_message)),
        )
        .service(
            resource("/rooms/{id}/messages/{message}/reactions/{emoji}")
                .route(put().to(messages::reactions::add_reaction))
                .route(delete().to(messages::reactions::remove_reaction)),
        )
        .service(resource("/rooms/{id}/messages/{message}/flow").route(get().to(messages::timeline::show_timeline)))
        .service(resource("/rooms/{id}/events").route(get().to(log::catch_up::list_events)))
        .service(resource("/rooms/{id}/files").route(post().to(files::file::upload_file)))
        .service(
            resource("/files/{id}").route(get().to(files::file::show_file)).route(head().to(files::file::show_file)),
        )
        .service(
            resource("/files/{id}/thumbnail")
                .route(get().to(files::file::show_thumbnail))
                .route(head().to(files::file::show_thumbnail)),
        )
        .service(
            resource("/rooms/{id}/documents")
                .route(get().to(documents::document::list_documents))
                .route(post().to(documents::document::create_document)),
        )
        .service(
            resource("/documents/{id}")
                .route(get().to(documents::document::show_document))
                .route(put().to(documents::saves::save_document))
                .route(patch().to(documents::document::change_document))
                .route(delete().to(documents::document::delete_document)),
        )
        .service(resource("/documents/{id}/text").route(get().to(documents::document::show_text)))
        .service(resource("/documents/{id}/versions").route(get().to(documents::versions::list_versions)))
        .service(resource("/documents/{id}/versions/{number}").route(get().to(documents::versions::show_version)))
        .service(
            resource("/documents/{id}/versions/{number}/restore").route(post().to(documents::saves::restore_version)),
        )
        .service(resource("/search").route(get().to(search::search_messages)))
        .service(resource("/events").route(get().to(log::stream::stream_events)));
    config
        .app_data(state.clone())
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::Refused(Refusal::RouteNotFound).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| ApiError::from(error).into()))
        .service(api)
        .service(resource("/broadcasting/auth").route(post().to(broadcasting::authorize_channel)))
        .service(
            resource("/broadcasting/auth/channels")
                .wrap(Compress::default())
                .route(post().to(channel_rights::authorize_channels)),
        )
        .service(resource("/broadcasting/user-auth").route(post().to(broadcasting::authenticate_user)))
        .service(resource("/api/docs").route(get().to(instance::page::show_docs)))
        .service(
            resource("/health/live")
                .route(get().to(instance::health::show_live))
                .route(head().to(instance::health::show_live)),
        )
        .service(
            resource("/health/ready")
                .route(get().to(instance::health::show_ready))
                .route(head().to(instance::health::show_ready)),
        )
        .service(scope("").wrap(Compress::default()).default_service(web::to(instance::page::show_page)));
}
