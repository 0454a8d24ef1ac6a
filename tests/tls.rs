//! Postgres over TLS. A test of its own, for it needs a build with the feature `postgres-tls`: `make test-tls`.

#![cfg(test)]

use std::env;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use hubbub::store::{OpenError, Store, StoreOptions};

const OPTIONS: StoreOptions =
    StoreOptions { read_connections: 1, read_timeout: Duration::from_secs(10), write_queue: 8, write_batch: 8 };

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set (tests/postgres.sh starts a server)"))
}

/// The server's URL with `tls` added, in a schema of that name.
fn url(schema: &str, tls: &str) -> String {
    let server = setting("HUBBUB_TEST_POSTGRES_URL");
    let separator = if server.contains('?') { '&' } else { '?' };
    format!("{server}{separator}options=-csearch_path%3D{schema}&{tls}")
}

fn open(url: &str) -> Result<Store, OpenError> {
    Store::open(&url.parse().expect("a URL"), &OPTIONS)
}

#[derive(QueryableByName)]
struct Tls {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

#[tokio::test]
async fn a_database_is_used_over_tls_with_and_without_asking_who_it_is() {
    let root = setting("HUBBUB_TEST_POSTGRES_CERTIFICATE");
    for (schema, tls) in
        [("tls_require", "sslmode=require"), ("tls_verify", &format!("sslmode=verify-full&sslrootcert={root}"))]
    {
        let url = url(schema, tls);
        let mut connection = PgConnection::establish(&url).expect("connected");
        connection.batch_execute(&format!("CREATE SCHEMA {schema}")).expect("made");
        let query = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        assert!(query.get_result::<Tls>(&mut connection).expect("answered").ssl, "{tls}");
        let store = open(&url).expect("opened");
        assert_eq!(store.ready().await, Ok(()));
        store.close().await;
        connection.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).expect("removed");
    }
}

#[test]
fn a_server_that_cannot_prove_who_it_is_is_refused() {
    let root = setting("HUBBUB_TEST_POSTGRES_CERTIFICATE");
    let verified = url("tls_nowhere", &format!("sslmode=verify-full&sslrootcert={root}"));
    for (url, reason) in [
        // Nobody that the system trusts has signed the certificate.
        (url("tls_nowhere", "sslmode=verify-full&sslrootcert=system"), "certificate verify failed"),
        // The certificate is for the address.
        (verified.replace("127.0.0.1", "localhost"), "does not match host name"),
        (url("tls_nowhere", "sslmode=verify-full&sslrootcert=/nowhere"), "does not exist"),
    ] {
        let refused = open(&url).map(drop).expect_err("refused").to_string();
        assert!(refused.contains(reason), "{refused}");
    }
}
