//! The demo: its password is public, so its database serves nothing else, and nothing leads to it from outside.

use hubbub::app::{Application, migrate};
use hubbub::config::{Secret, ServeConfig};
use hubbub::maintenance::DatabaseUrl;
use tokio::process::Command;

use crate::support::server::{Server, settings};

async fn refusal(config: ServeConfig) -> String {
    Application::build(config).await.err().expect("refused").to_string()
}

#[actix_web::test]
async fn a_demos_database_serves_no_other_server_and_a_demo_takes_no_other_database() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = |is_demo: bool, name: &str| {
        let mut config = settings(&directory.path().join(name));
        config.demo = is_demo;
        config
    };
    drop(Application::build(config(true, "demo")).await.expect("a new demo"));
    drop(Application::build(config(true, "demo")).await.expect("the same demo again"));
    let refused = refusal(config(false, "demo")).await;
    for part in ["--demo", "HUBBUB_DATA_DIR", "HUBBUB_DATABASE_URL", "demo/hubbub.sqlite3"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }

    let mut real = Server::start().await;
    real.sign_up("ada").await;
    real.stop();
    let mut config = settings(real.data_dir());
    config.demo = true;
    // The server that was told to stop holds the directory for a moment.
    let refused = loop {
        let refused = refusal(config.clone()).await;
        if !refused.contains("another Hubbub") {
            break refused;
        }
        tokio::task::yield_now().await;
    };
    assert!(refused.contains("was not made by --demo") && refused.contains("./demo-data"), "{refused}");
}

#[actix_web::test]
async fn a_demo_that_was_made_before_there_were_marks_is_marked_by_the_migration() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = settings(directory.path());
    config.demo = true;
    drop(Application::build(config.clone()).await.expect("a demo"));
    let path = directory.path().join("hubbub.sqlite3");
    let mut connection = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("opened");
    let undo = "DROP TABLE demo_marks; DELETE FROM __diesel_schema_migrations WHERE version = '20261128000030'";
    connection.batch_execute(undo).expect("undone");
    drop(connection);
    migrate(directory.path(), &DatabaseUrl::Sqlite(path)).await.expect("migrated");
    config.demo = false;
    assert!(refusal(config).await.contains("was made by --demo"));
}

#[actix_web::test]
async fn a_demo_refuses_every_setting_that_leads_to_it_from_another_machine() {
    let directory = tempfile::tempdir().expect("a directory");
    type Change = dyn Fn(&mut ServeConfig);
    let changes: [(&str, &Change); 8] = [
        ("--listen", &|config| config.listen = "0.0.0.0:0".parse().expect("an address")),
        ("--listen", &|config| config.listen = "[::]:0".parse().expect("an address")),
        ("HUBBUB_PUBLIC_URL", &|config| config.public_url = Some("https://chat.example.org".to_owned())),
        ("HUBBUB_PUBLIC_URL", &|config| config.public_url = Some("http://127.0.0.1:8080".to_owned())),
        ("HUBBUB_TRUST_PROXY", &|config| config.auth.trust_proxy = true),
        ("HUBBUB_SOCKET_URL", &|config| config.bus.socket_url = Some("wss://sockets.example.org".to_owned())),
        ("HUBBUB_BUS", &|config| config.bus.url = Secret::from("nats://10.0.0.7:4222".to_owned())),
        ("HUBBUB_BUS", &|config| config.bus.url = Secret::from("nats://127.0.0.1,nats://example.org".to_owned())),
    ];
    for (part, change) in changes {
        let mut config = settings(directory.path());
        config.demo = true;
        change(&mut config);
        let refused = refusal(config).await;
        assert!(refused.contains(part) && refused.contains("--demo"), "{part}: {refused}");
    }
}

#[actix_web::test]
async fn a_demo_has_a_directory_of_its_own_unless_one_is_named() {
    for (name, flag) in [("demo-data", true), ("data", false)] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--password-memory-kib", "8"]).env_clear();
        if flag {
            command.env("HUBBUB_DEMO", "true");
        }
        let mut child = command.current_dir(directory.path()).kill_on_drop(true).spawn().expect("started");
        let database = directory.path().join(name).join("hubbub.sqlite3");
        let made = async {
            while !database.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(crate::support::settings::DEADLINE, made).await.expect(name);
        child.kill().await.expect("ended");
    }
}
