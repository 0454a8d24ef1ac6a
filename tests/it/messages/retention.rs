use std::time::Duration;

use hubbub::maintenance::{self, ContentCheck};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::program::maintenance::{database, files, run_sql};
use crate::support::server::Server;
use crate::support::settings::DEADLINE;

#[actix_web::test]
async fn old_messages_go_when_their_room_says_so() {
    let server = Server::start_with(|config| config.jobs.retention_delay_hours = 0).await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    ada.say(room, "old").await;
    run_sql(server.data_dir(), "UPDATE events SET created_at = created_at - 3456000000000");
    ada.say(room, "new").await;
    let path = format!("/api/v1/rooms/{room}");
    grace.patch(&path, &json!({"retention_days": 30})).await.expect_problem(403, "not_allowed");
    ada.patch(&path, &json!({"retention_days": 0})).await.expect_problem(422, "invalid_retention_days");
    let changed = ada.patch(&path, &json!({"retention_days": 30})).await.expect(200);
    assert_eq!(changed.json["retention_days"], 30);
    let end = Instant::now() + DEADLINE;
    while ada.bodies(room).await != ["new"] {
        assert!(Instant::now() < end, "{:?}", ada.bodies(room).await);
        sleep(Duration::from_millis(10)).await;
    }
    let behind = ada.get(&format!("{path}/events?after=0")).await.expect(200);
    assert_eq!(behind.json["resync"], true);
    assert_eq!(ada.get(&path).await.json["message_count"], 2);
    assert_eq!(
        maintenance::check(&database(server.data_dir()), &files(server.data_dir()), ContentCheck::Bytes)
            .expect("readable"),
        []
    );
    assert_eq!(
        ada.patch(&path, &json!({"retention_days": null})).await.expect(200).json["retention_days"],
        Value::Null
    );
}
