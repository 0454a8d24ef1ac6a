//! The real program, killed under load: what it acknowledged is there, once, and in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::database::PostgresSchema;
use crate::support::process::ServerProcess;
use crate::support::settings::{PASSWORD, client_builder, setting};

pub(super) const POSTERS: usize = 64;
pub(super) const ROOMS: i64 = 4;

/// The whole log is read at the end, however many posts there were.
const OPTIONS: [&str; 2] = ["--catch-up-events", "10000000"];

pub(super) fn start(data_dir: &TempDir, database_url: Option<&str>) -> ServerProcess {
    let database = database_url.map(|url| ["--database-url", url]);
    let options = [&OPTIONS[..], database.as_ref().map_or(&[], |database| &database[..])].concat();
    ServerProcess::start_on(data_dir.path(), &options)
}

/// A post as its poster knows it.
struct Attempt {
    client_id: String,
    room: i64,
    /// The id in the answer; `None` when the connection broke before one came.
    acknowledged: Option<i64>,
}

/// Posts until told to stop, or until the server is gone.
async fn post_until(client: Client, url: String, token: String, poster: String, stop: Arc<AtomicBool>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let number = attempts.len();
        let (room, client_id) = (1 + i64::try_from(number).expect("small") % ROOMS, format!("{poster}-{number}"));
        let message = json!({"body": format!("from {client_id}"), "client_id": client_id});
        let request = client.post(format!("{url}/api/v1/rooms/{room}/messages")).bearer_auth(&token).json(&message);
        let answer = match request.send().await {
            Ok(answer) if answer.status() == 201 => answer.json::<Value>().await.ok(),
            Ok(answer) => panic!("a post was answered {}", answer.status()),
            Err(_) => None,
        };
        let acknowledged = answer.and_then(|message| message["id"].as_i64());
        attempts.push(Attempt { client_id, room, acknowledged });
        if acknowledged.is_none() {
            return attempts;
        }
    }
    attempts
}

pub(super) async fn sign_up(client: &Client, url: &str) -> String {
    let person = json!({"username": "ada", "password": PASSWORD});
    let answer = client.post(format!("{url}/api/v1/users")).json(&person).send().await.expect("an answer");
    let session: Value = answer.json().await.expect("JSON");
    session["access_token"].as_str().expect("a token").to_owned()
}

/// Makes the rooms, whose ids are 1 to [`ROOMS`].
pub(super) async fn create_rooms(client: &Client, url: &str, token: &str) {
    for number in 1..=ROOMS {
        let room = json!({"name": format!("Room {number}")});
        client.post(format!("{url}/api/v1/rooms")).bearer_auth(token).json(&room).send().await.expect("an answer");
    }
}

/// All events of a room, as the log has them.
pub(super) async fn log_of(client: &Client, url: &str, token: &str, room: i64) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let path = format!("{url}/api/v1/rooms/{room}/events?limit=500&after={}", events.len());
        let answer = client.get(path).bearer_auth(token).send().await.expect("an answer");
        let page: Value = answer.json().await.expect("JSON");
        assert_eq!(page.get("resync"), None, "the whole log can be read");
        events.extend(page["items"].as_array().expect("a list").iter().cloned());
        if page["more"] == false {
            return events;
        }
    }
}

/// Compares the logs of all rooms with what the posters know.
async fn compare(client: &Client, url: &str, token: &str, attempts: &[Attempt]) {
    let mut stored = HashMap::new();
    for room in 1..=ROOMS {
        for (seq, event) in (1..).zip(log_of(client, url, token, room).await) {
            assert_eq!(event["seq"], seq, "room {room} has no gap and nothing twice");
            if event["type"] == "message.posted" {
                let client_id = event["message"]["client_id"].as_str().expect("a client id").to_owned();
                let place = (room, event["message"]["id"].as_i64().expect("an id"));
                assert_eq!(stored.insert(client_id, place), None, "a message is stored once");
            }
        }
    }
    for attempt in attempts {
        if let Some(id) = attempt.acknowledged {
            assert_eq!(stored.get(&attempt.client_id), Some(&(attempt.room, id)), "{} is lost", attempt.client_id);
        }
    }
}

/// The posts whose answer never came are sent again; each is stored now, once, whether it was before or not.
async fn repeat_unanswered(client: &Client, url: &str, token: &str, attempts: &mut [Attempt]) -> usize {
    let mut replayed = 0;
    for attempt in attempts.iter_mut().filter(|attempt| attempt.acknowledged.is_none()) {
        let message = json!({"body": format!("from {}", attempt.client_id), "client_id": attempt.client_id});
        let path = format!("{url}/api/v1/rooms/{}/messages", attempt.room);
        let answer = client.post(path).bearer_auth(token).json(&message).send().await.expect("an answer");
        replayed += usize::from(answer.status() == 200);
        attempt.acknowledged = answer.json::<Value>().await.expect("JSON")["id"].as_i64();
        assert!(attempt.acknowledged.is_some(), "{} was refused", attempt.client_id);
    }
    replayed
}

async fn nothing_acknowledged_is_lost(database_url: Option<&str>) {
    let data_dir = tempfile::tempdir().expect("a directory");
    let client = client_builder().build().expect("a client");
    let mut program = start(&data_dir, database_url);
    let mut url = program.url("");
    let token = sign_up(&client, &url).await;
    create_rooms(&client, &url, &token).await;

    let kills = setting("HUBBUB_TEST_KILLS").unwrap_or(2);
    let mut attempts = Vec::new();
    for kill in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let mut posters = JoinSet::new();
        for poster in 0..POSTERS {
            let (client, url, token) = (client.clone(), url.clone(), token.clone());
            posters.spawn_local(post_until(client, url, token, format!("{kill}-{poster}"), Arc::clone(&stop)));
        }
        sleep(Duration::from_millis(rand::random_range(200..900))).await;
        program.kill();
        stop.store(true, Ordering::Relaxed);
        attempts.extend(posters.join_all().await.into_iter().flatten());
        program = start(&data_dir, database_url);
        url = program.url("");
        compare(&client, &url, &token, &attempts).await;
        let unanswered = attempts.iter().filter(|attempt| attempt.acknowledged.is_none()).count();
        let replayed = repeat_unanswered(&client, &url, &token, &mut attempts).await;
        println!("kill {kill}: {} posts, {unanswered} unanswered, {replayed} of them stored", attempts.len());
    }
    compare(&client, &url, &token, &attempts).await;
    assert!(attempts.len() > POSTERS * kills, "there was no load");
    program.kill();
}

#[actix_web::test]
async fn a_killed_server_has_everything_it_acknowledged_on_sqlite() {
    nothing_acknowledged_is_lost(None).await;
}

#[actix_web::test]
async fn a_killed_server_has_everything_it_acknowledged_on_postgres() {
    if let Some(schema) = PostgresSchema::create() {
        nothing_acknowledged_is_lost(Some(&schema.url())).await;
    }
}
