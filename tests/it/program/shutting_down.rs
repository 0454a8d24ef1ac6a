//! The real program, told to end (SIGTERM) while it works: what it has taken is answered, and nothing makes it wait.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::crash::{POSTERS, ROOMS, create_rooms, log_of, sign_up, start};
use super::maintenance::run_sql;
use crate::support::database::PostgresSchema;
use crate::support::person::{Answer, Person};
use crate::support::process::ServerProcess;
use crate::support::settings::{DEADLINE, client_builder};

/// What became of a post.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Answered 201.
    Acknowledged,
    /// Answered 503: the server was about to end.
    Refused,
    /// The connection was refused, or closed without an answer.
    Unanswered,
}

/// Posts over and over on a connection that is kept open, until the server has ended.
async fn post_until_it_ends(
    client: Client,
    url: String,
    token: String,
    poster: usize,
    acknowledged: mpsc::UnboundedSender<()>,
) -> Vec<(String, Outcome)> {
    let mut posts = Vec::new();
    loop {
        let room = 1 + i64::try_from(posts.len()).expect("small") % ROOMS;
        let client_id = format!("{poster}-{}", posts.len());
        let message = json!({"body": format!("from {client_id}"), "client_id": client_id});
        let request = client.post(format!("{url}/api/v1/rooms/{room}/messages")).bearer_auth(&token).json(&message);
        let (outcome, is_over) = match request.send().await {
            Ok(answer) if answer.status() == 201 => {
                // Enough of them were counted.
                let _ = acknowledged.send(());
                (Outcome::Acknowledged, false)
            }
            Ok(answer) if answer.status() == 503 => (Outcome::Refused, false),
            Ok(answer) => panic!("a post was answered {}", answer.status()),
            // A connection that was taken from the queue by nobody is reset: the next attempt finds nobody at all.
            Err(error) => (Outcome::Unanswered, error.is_connect()),
        };
        posts.push((client_id, outcome));
        if is_over {
            return posts;
        }
    }
}

async fn every_request_that_was_taken_is_answered(database_url: Option<&str>) {
    let data_dir = tempfile::tempdir().expect("a directory");
    let client = client_builder().build().expect("a client");
    let mut program = start(&data_dir, database_url);
    let url = program.url("");
    let token = sign_up(&client, &url).await;
    create_rooms(&client, &url, &token).await;
    let (acknowledged, mut counted) = mpsc::unbounded_channel();
    let mut posters = JoinSet::new();
    for poster in 0..POSTERS {
        let acknowledged = acknowledged.clone();
        posters.spawn_local(post_until_it_ends(client.clone(), url.clone(), token.clone(), poster, acknowledged));
    }
    for _ in 0..10 * POSTERS {
        timeout(6 * DEADLINE, counted.recv()).await.expect("there is load").expect("a poster");
    }
    let ended = program.terminate().await;
    let posts: Vec<_> = posters.join_all().await.into_iter().flatten().collect();

    let program = start(&data_dir, database_url);
    let mut stored = HashMap::new();
    for room in 1..=ROOMS {
        for event in log_of(&client, &program.url(""), &token, room).await {
            if let Some(client_id) = event["message"]["client_id"].as_str() {
                *stored.entry(client_id.to_owned()).or_insert(0) += 1;
            }
        }
    }
    let of = |outcome: Outcome| posts.iter().filter(|(_, became)| *became == outcome).count();
    println!(
        "ended in {ended:?}: {} posts acknowledged, {} refused, {} found nobody",
        of(Outcome::Acknowledged),
        of(Outcome::Refused),
        of(Outcome::Unanswered)
    );
    for (client_id, outcome) in &posts {
        let times = stored.get(client_id).copied().unwrap_or(0);
        match outcome {
            Outcome::Acknowledged => assert_eq!(times, 1, "{client_id} was acknowledged"),
            Outcome::Refused => assert_eq!(times, 0, "{client_id} was refused"),
            Outcome::Unanswered => assert_eq!(times, 0, "{client_id} was stored, and its poster does not know"),
        }
    }
}

#[actix_web::test]
async fn a_server_that_ends_answers_every_request_that_it_has_taken_on_sqlite() {
    every_request_that_was_taken_is_answered(None).await;
}

#[actix_web::test]
async fn a_server_that_ends_answers_every_request_that_it_has_taken_on_postgres() {
    if let Some(schema) = PostgresSchema::create() {
        every_request_that_was_taken_is_answered(Some(&schema.url())).await;
    }
}

/// Makes every read of messages go on for ever.
const HANG: &str = "ALTER TABLE messages RENAME TO messages_behind; CREATE VIEW messages AS SELECT * FROM messages_behind \
     WHERE (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n) > 0";

/// Sends the head of a request, and of its body what is given.
async fn send_part(program: &ServerProcess, head: &str, body: &str) -> TcpStream {
    let mut connection = TcpStream::connect(program.address).await.expect("connected");
    connection.write_all(format!("{head}\r\nHost: localhost\r\n\r\n{body}").as_bytes()).await.expect("sent");
    connection
}

/// Waits until a metric is this high.
async fn until_metric(program: &ServerProcess, name: &str, value: u64) {
    let reached = async {
        while program.metric(name).await < value {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("{name} did not reach {value}"));
}

/// A server with one read connection and no deadline for reads; somebody with a message in room 1.
async fn with_one_reader() -> (ServerProcess, tempfile::TempDir, Person) {
    let data_dir = tempfile::tempdir().expect("a directory");
    let options = ["--read-connections", "1", "--read-timeout-secs", "600", "--shutdown-timeout-secs", "1"];
    let program = ServerProcess::start_on(data_dir.path(), &options);
    let ada = Person::sign_up(&program, "ada").await;
    let room = ada.create_room("Lobby", "open").await;
    ada.say(room, "needle").await;
    (program, data_dir, ada)
}

#[actix_web::test]
async fn a_server_that_ends_waits_neither_for_a_hung_read_nor_for_half_a_body() {
    let (mut program, data_dir, ada) = with_one_reader().await;
    run_sql(data_dir.path(), HANG);
    let token = format!("Authorization: Bearer {}", ada.token.as_deref().expect("signed up"));
    let _search = send_part(&program, &format!("GET /api/v1/search?q=needle HTTP/1.1\r\n{token}"), "").await;
    let post =
        format!("POST /api/v1/rooms/1/messages HTTP/1.1\r\n{token}\r\nContent-Type: text/plain\r\nContent-Length: 99");
    let mut half = send_part(&program, &post, "half").await;
    let stranger = "POST /api/v1/session HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99";
    let _anonymous = send_part(&program, stranger, "{").await;
    // The one connection is taken by the search.
    let waiting = ada.request(Method::GET, "/api/v1/rooms").send();
    let mut waiting = tokio::spawn(waiting);
    until_metric(&program, "hubbub_store_reads_waiting", 1).await;
    let ended = program.terminate().await;
    println!("ended in {ended:?}");
    assert!(ended < Duration::from_secs(15), "{ended:?}");
    let mut rest = Vec::new();
    // Closed in order or reset: nobody waits for it.
    let _ = timeout(DEADLINE, half.read_to_end(&mut rest)).await.expect("closed");
    // Answered 503, or cut off.
    let _ = timeout(DEADLINE, &mut waiting).await.expect("an end");
}

#[actix_web::test]
async fn a_search_whose_caller_hung_up_ends_and_others_are_answered() {
    let (program, data_dir, ada) = with_one_reader().await;
    run_sql(data_dir.path(), HANG);
    let token = format!("Authorization: Bearer {}", ada.token.as_deref().expect("signed up"));
    for _ in 0..3 {
        let search = send_part(&program, &format!("GET /api/v1/search?q=needle HTTP/1.1\r\n{token}"), "").await;
        let waiting = tokio::spawn(Answer::of(ada.request(Method::GET, "/api/v1/tokens")));
        until_metric(&program, "hubbub_store_reads_waiting", 1).await;
        assert!(!waiting.is_finished(), "the search has the only connection");
        drop(search);
        timeout(DEADLINE, waiting).await.expect("the search ended").expect("no panic").expect(200);
    }
}
