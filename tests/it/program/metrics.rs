//! `GET /metrics`: what is counted, and that the examples and the documentation speak of what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::server::Server;

async fn metrics(server: &Server) -> String {
    server.stranger().get("/metrics").await.expect(200).text
}

/// The value of a series: its name with its labels, as it stands in the text.
fn value(text: &str, series: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {series} in {text}"))
}

/// The names under which Prometheus keeps the series.
fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .flat_map(|(name, kind)| match kind {
            "counter" => vec![format!("{name}_total")],
            "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name.to_owned()],
        })
        .collect()
}

/// What looks like the name of a metric of ours.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    words.filter(|word| word.starts_with("hubbub_") || word.starts_with("process_")).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable")
}

#[actix_web::test]
async fn requests_are_counted_by_route_and_sign_ins_by_outcome() {
    let server = Server::start_with(|config| config.rations.sign_ins_per_minute = 2).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    ada.say(room, "one").await;
    ada.say(room, "two").await;
    let guess = json!({"username": "ada", "password": "this is wrong"});
    for status in [401, 401, 429] {
        server.stranger().post("/api/v1/session", &guess).await.expect(status);
    }
    ada.get("/nothing/like/this").await;
    let text = metrics(&server).await;
    let posts = r#"hubbub_http_requests_total{method="POST",route="/api/v1/rooms/{id}/messages",status="201"}"#;
    assert!(value(&text, posts) >= 2.0, "{text}");
    let seconds = r#"hubbub_http_request_seconds_count{route="/api/v1/rooms/{id}/messages"}"#;
    assert!(value(&text, seconds) >= 2.0, "{text}");
    assert!(value(&text, r#"hubbub_sign_ins_total{outcome="wrong"}"#) >= 2.0, "{text}");
    assert!(value(&text, r#"hubbub_sign_ins_total{outcome="throttled"}"#) >= 1.0, "{text}");
    assert!(!text.contains("/nothing/like/this"), "a path that a caller invents makes no series");
}

#[actix_web::test]
async fn the_store_the_disk_and_the_process_are_measured() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    ada.say(room, "one").await;
    let text = metrics(&server).await;
    for series in [
        "hubbub_store_batch_changes_count",
        "hubbub_store_commit_seconds_count",
        "hubbub_store_reads_total",
        "hubbub_database_bytes",
        "hubbub_database_wal_bytes",
        "hubbub_database_up",
        r#"hubbub_disk_free_bytes{holds="data"}"#,
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(value(&text, series) > 0.0, "{series} in {text}");
    }
    for series in
        ["hubbub_jobs_due", "hubbub_jobs_dead", "hubbub_jobs_oldest_due_seconds", "hubbub_store_writes_waiting"]
    {
        assert!(value(&text, series) >= 0.0, "{series}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[actix_web::test]
async fn the_examples_and_the_documentation_name_the_metrics_that_exist() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let exist = names(&metrics(&server).await);
    for path in ["docs/deploy/alerts.yaml", "docs/deploy/grafana-dashboard.json"] {
        let named = named(&read(path));
        assert!(named.len() > 5, "{path}");
        let missing: Vec<_> = named.difference(&exist).collect();
        assert!(missing.is_empty(), "{path} names {missing:?}");
    }
    let documented = read("docs/operating.md");
    let undocumented: Vec<_> = exist.iter().filter(|name| !is_documented(&documented, name)).collect();
    assert!(undocumented.is_empty(), "docs/operating.md does not name {undocumented:?}");
}

/// A histogram is named once. Labels may follow the name.
fn is_documented(text: &str, name: &str) -> bool {
    let whole = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    ["`", "{"].iter().any(|end| text.contains(&format!("`{whole}{end}")))
}
