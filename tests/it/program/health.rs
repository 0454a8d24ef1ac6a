use std::sync::Arc;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, Error, web};
use hubbub::auth::{AccessTokens, KeyRing, Passwords};
use hubbub::bus::{Bus, local_bus};
use hubbub::config::Secret;
use hubbub::http::{self, SocketApp, WebParts, WebState};
use hubbub::pusher::AppId;
use hubbub::store::{DatabaseUrl, FileStorage, Store, StoreOptions};
use hubbub::timeline::TimelineStore;

use crate::support::server::{Server, settings};

#[actix_web::test]
async fn a_running_server_lives_and_is_ready() {
    let server = Server::start().await;
    assert_eq!(server.stranger().get("/health/live").await.expect(200).json["status"], "live");
    assert_eq!(server.stranger().get("/health/ready").await.expect(200).json["status"], "ready");
}

/// The state of a server that nobody runs, so that the moments of its end can be looked at one by one.
fn state(store: &Store, data_dir: &std::path::Path) -> web::Data<WebState> {
    let config = settings(data_dir);
    let parts = WebParts {
        store: store.clone(),
        files: FileStorage::open(store.clone(), &data_dir.join("files")).expect("a directory"),
        bus: Bus::new(Arc::new(local_bus(1).0), AppId::numbered(1)),
        timelines: Arc::new(TimelineStore::new(1)),
        passwords: Passwords::start(&config.auth).expect("threads"),
        access_tokens: AccessTokens::new(KeyRing::open(data_dir).expect("keys"), &config.auth),
        socket_app: SocketApp { key: "key".to_owned(), secret: Secret::from("secret".to_owned()) },
        socket_address: None,
        demo_people: Vec::new(),
    };
    web::Data::new(WebState::new(&config, parts))
}

async fn status<S, B>(app: &S, path: &str) -> StatusCode
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    call_service(app, TestRequest::get().uri(path).to_request()).await.status()
}

#[actix_web::test]
async fn a_server_that_is_about_to_end_or_cannot_write_lives_but_is_not_ready() {
    let data_dir = tempfile::tempdir().expect("a directory");
    let options = StoreOptions::default();
    let database = DatabaseUrl::Sqlite(data_dir.path().join("hubbub.sqlite3"));
    let store = Store::open(&database, &options).expect("a database");
    let state = state(&store, data_dir.path());
    let app = init_service(App::new().configure(|config| http::configure(config, &state))).await;
    assert_eq!(status(&app, "/health/ready").await, StatusCode::OK);

    store.close().await;
    assert_eq!(status(&app, "/health/ready").await, StatusCode::SERVICE_UNAVAILABLE, "the store is closed");
    state.begin_shutdown();
    assert_eq!(status(&app, "/health/ready").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(&app, "/health/live").await, StatusCode::OK);
}
