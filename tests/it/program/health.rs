use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, Error, web};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use hubbub::auth::{AccessTokens, KeyRing, Passwords};
use hubbub::bus::{Bus, local_bus};
use hubbub::config::Secret;
use hubbub::http::{self, SocketApp, WebParts, WebState};
use hubbub::pusher::AppId;
use hubbub::store::{DatabaseUrl, FileStorage, Store, StoreOptions};
use hubbub::timeline::TimelineStore;

use serde_json::json;
use tokio::time::timeout;

use crate::program::maintenance::run_sql;
use crate::support::person::Person;
use crate::support::process::ServerProcess;
use crate::support::server::{Server, settings};
use crate::support::settings::DEADLINE;

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
        access_tokens: AccessTokens::new(
            KeyRing::open(data_dir, Duration::from_secs(3_600)).expect("keys"),
            &config.auth,
        ),
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

/// How long a test waits for an answer: longer than a load balancer, for the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `/health/ready` answers, and within which time.
async fn ready(server: &Server) -> u16 {
    let stranger = server.stranger();
    let asked = Instant::now();
    let answer = stranger.get("/health/ready").await;
    assert!(asked.elapsed() < PATIENCE, "it took {:?}", asked.elapsed());
    answer.status.as_u16()
}

#[actix_web::test]
async fn a_server_whose_database_hangs_says_so_within_two_seconds() {
    let server = Server::start().await;
    let path = server.data_dir().join("hubbub.sqlite3");
    let mut other = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("it opens");
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").expect("locked");
    let both = futures_util::future::join(ready(&server), ready(&server)).await;
    assert_eq!(both, (503, 503));
    server.stranger().get("/health/live").await.expect(200);
    other.batch_execute("ROLLBACK").expect("unlocked");
    let recovered = async {
        while ready(&server).await != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(DEADLINE, recovered).await.expect("ready again");
}

#[actix_web::test]
async fn a_server_whose_rows_cannot_be_written_is_not_ready_and_can_still_be_read() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let forbidden = "CREATE TRIGGER full BEFORE INSERT ON health_checks BEGIN SELECT RAISE(ABORT, 'no row'); END";
    run_sql(server.data_dir(), forbidden);
    assert_eq!(ready(&server).await, 503);
    ada.get("/api/v1/me").await.expect(200);
}

/// The limit on the size of files stands for a disk that is full: SQLite is refused in the same place.
#[actix_web::test]
async fn a_full_disk_makes_a_server_not_ready_and_posts_wait() {
    let data_dir = tempfile::tempdir().expect("a directory");
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"];
    let server = ServerProcess::start_within_on(&limited, data_dir.path(), &[]);
    let ada = Person::sign_up(&server, "ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let body = json!({"body": "x".repeat(9_000)});
    let path = format!("/api/v1/rooms/{room}/messages");
    let refused = async {
        loop {
            let answer = ada.post(&path, &body).await;
            if answer.status != 201 {
                return answer;
            }
        }
    };
    let refused = timeout(DEADLINE, refused).await.expect("full");
    refused.expect_problem(503, "unavailable");
    // An answer from before the disk was full counts for a second.
    let not_ready = async {
        while ada.get("/health/ready").await.status == 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(DEADLINE, not_ready).await.expect("not ready");
    ada.get(&path).await.expect(200);
}
