//! The HTTP API, and the page (steps 1, 2, 3 and 6 of the walk; `docs/api.md` is its contract).
//!
//! One file per noun. A handler is the use case: it parses, asks the store, dispatches what happened, and answers. The
//! one to read first is `post_message` in `messages.rs`.

mod answer;
mod body;
mod broadcasting;
mod caller_address;
mod carry_out;
mod catch_up;
mod deliveries;
mod document_saves;
mod document_versions;
mod documents;
mod download;
mod error;
mod event_cursor;
mod event_stream;
mod files;
mod flights;
mod flow;
mod health;
mod history;
mod identity;
mod identity_cache;
mod instance;
mod invites;
mod members;
mod merging;
mod messages;
mod own_socket;
mod page;
mod page_limit;
mod problem;
mod reads;
mod received;
mod rooms;
mod same_site;
mod search;
mod sessions;
mod state;
mod thumbnails;
mod tokens;
mod update_body;
mod users;
mod webhooks;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, head, patch, post, put, resource, scope};

pub use answer::finish_answer;
pub use error::ApiError;
pub use state::{DemoPerson, SocketApp, WebParts, WebState, limits};

/// The route table. It wants [`finish_answer`] around it.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<WebState>) {
    let api = scope("/api/v1")
        .wrap(from_fn(carry_out::carry_out))
        // Routes are tried in this order, and this one is asked for the most.
        .service(
            resource("/rooms/{id}/messages")
                .route(get().to(history::list_messages))
                .route(post().to(messages::post_message)),
        )
        .service(resource("/instance").route(get().to(instance::show_instance)))
        .service(resource("/users").route(get().to(users::find_users)).route(post().to(users::sign_up)))
        .service(resource("/me").route(get().to(users::show_me)))
        .service(resource("/session").route(post().to(sessions::sign_in)).route(delete().to(sessions::sign_out)))
        .service(resource("/session/refresh").route(post().to(sessions::refresh)))
        .service(resource("/invites").route(post().to(invites::create_invite)))
        .service(resource("/tokens").route(get().to(tokens::list_tokens)).route(post().to(tokens::create_token)))
        .service(resource("/tokens/{id}").route(delete().to(tokens::delete_token)))
        .service(
            resource("/webhooks").route(get().to(webhooks::list_webhooks)).route(post().to(webhooks::create_webhook)),
        )
        .service(resource("/webhooks/{id}").route(delete().to(webhooks::delete_webhook)))
        .service(resource("/webhooks/{id}/deliveries").route(get().to(deliveries::list_deliveries)))
        .service(resource("/webhooks/{id}/deliveries/{delivery}/retry").route(post().to(deliveries::retry_delivery)))
        .service(resource("/rooms").route(get().to(rooms::list_rooms)).route(post().to(rooms::create_room)))
        .service(resource("/rooms/{id}").route(get().to(rooms::show_room)).route(patch().to(rooms::change_room)))
        .service(resource("/rooms/{id}/join").route(post().to(rooms::join_room)))
        .service(
            resource("/rooms/{id}/members")
                .route(get().to(members::list_members))
                .route(post().to(members::add_member)),
        )
        .service(resource("/rooms/{id}/members/{user_id}").route(delete().to(members::remove_member)))
        .service(resource("/rooms/{id}/read").route(put().to(reads::mark_read)))
        .service(
            resource("/rooms/{id}/messages/{message}")
                .route(get().to(messages::show_message))
                .route(patch().to(messages::edit_message))
                .route(delete().to(messages::delete_message)),
        )
        .service(resource("/rooms/{id}/messages/{message}/flow").route(get().to(flow::show_flow)))
        .service(resource("/rooms/{id}/events").route(get().to(catch_up::list_events)))
        .service(resource("/rooms/{id}/files").route(post().to(files::upload_file)))
        .service(resource("/files/{id}").route(get().to(files::show_file)).route(head().to(files::show_file)))
        .service(
            resource("/files/{id}/thumbnail")
                .route(get().to(files::show_thumbnail))
                .route(head().to(files::show_thumbnail)),
        )
        .service(
            resource("/rooms/{id}/documents")
                .route(get().to(documents::list_documents))
                .route(post().to(documents::create_document)),
        )
        .service(
            resource("/documents/{id}")
                .route(get().to(documents::show_document))
                .route(put().to(document_saves::save_document))
                .route(patch().to(documents::change_document)),
        )
        .service(resource("/documents/{id}/text").route(get().to(documents::show_text)))
        .service(resource("/documents/{id}/versions").route(get().to(document_versions::list_versions)))
        .service(resource("/documents/{id}/versions/{number}").route(get().to(document_versions::show_version)))
        .service(
            resource("/documents/{id}/versions/{number}/restore").route(post().to(document_saves::restore_version)),
        )
        .service(resource("/search").route(get().to(search::search_messages)))
        .service(resource("/events").route(get().to(event_stream::stream_events)));
    config
        .app_data(state.clone())
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::RouteNotFound.into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| ApiError::from(error).into()))
        .service(api)
        .service(resource("/broadcasting/auth").route(post().to(broadcasting::authorize_channel)))
        .service(resource("/broadcasting/user-auth").route(post().to(broadcasting::authenticate_user)))
        .service(resource("/health/live").route(get().to(health::show_live)))
        .service(resource("/health/ready").route(get().to(health::show_ready)))
        .service(scope("").wrap(Compress::default()).default_service(web::to(page::show_page)));
}
