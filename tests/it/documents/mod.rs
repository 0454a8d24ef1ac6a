//! Shared documents, with `yrs` as the pages that people write in.

mod bad_input;
mod convergence;
mod editor;
mod live;
mod rights;
mod saving;
mod search;
mod versions;

use hubbub::config::{Secret, ServeConfig};

use crate::support::database::PostgresSchema;
use crate::support::server::Server;

/// Runs a scenario on a server of its own for each database.
async fn on_both_databases(scenario: impl AsyncFn(&mut Server)) {
    on_both_databases_with(|_| {}, scenario).await;
}

async fn on_both_databases_with(change: impl Fn(&mut ServeConfig), scenario: impl AsyncFn(&mut Server)) {
    scenario(&mut Server::start_with(&change).await).await;
    let Some(schema) = PostgresSchema::create() else { return };
    let mut server = Server::start_with(|config| {
        config.database_url = Some(Secret::from(schema.url()));
        change(config);
    })
    .await;
    scenario(&mut server).await;
}
