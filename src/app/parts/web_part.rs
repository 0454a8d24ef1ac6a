//! The part that has the database: the store, the API with its page, and the jobs. No sockets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use crate::app::demo::Demo;
use crate::app::instance::{self, DataDir, database_url};
use crate::app::start_error::StartError;
use crate::auth::{AccessTokens, KeyRing, Passwords};
use crate::bus::Bus;
use crate::config::{Ration, RationsConfig, ServeConfig, webhook_warning};
use crate::http::{self, SocketApp, WebParts, WebState};
use crate::jobs::{
    CredentialWatch, EndListener, GapReminder, JobRunner, RunningCredentialWatch, RunningGapReminder, RunningJobs,
};
use crate::pusher::App;
use crate::store::{FileStorage, StorageRations, Store};
use crate::timeline::TimelineStore;

use super::bus_part::BusPart;
use super::outgoing_calls::outgoing_client;

/// How long jobs may take to be given back. Their own reads may hang, as those of requests.
const JOBS_TIMEOUT: Duration = Duration::from_secs(5);

/// The store and what works on it.
pub(in crate::app) struct WebPart {
    store: Store,
    state: Arc<WebState>,
    /// `None` when they were stopped.
    jobs: Option<RunningJobs>,
    credential_watch: RunningCredentialWatch,
    /// With a bus that may lose something.
    gap_reminder: Option<RunningGapReminder>,
    demo: Option<Demo>,
}

impl WebPart {
    pub(in crate::app) async fn build(
        config: &ServeConfig,
        chat_app: &App,
        data_dir: &DataDir,
        bus: &mut BusPart,
    ) -> Result<Self, StartError> {
        let store = open_store(config, data_dir).await?;
        let files = open_files(&store, config, data_dir)?;
        for sentence in store.plain_webhook_urls().await?.iter().filter_map(|url| webhook_warning(url)) {
            warn!("{sentence}");
        }
        let passwords = Passwords::start(&config.auth)?;
        let demo = match config.demo {
            true => Some(Demo::prepare(&store, &passwords, &http::limits(config)).await?),
            false => None,
        };
        let events = Bus::new(bus.broker(), chat_app.id);
        let watched = events.clone();
        let reminder = GapReminder::new(store.clone(), events.clone(), bus.take_heads_wanted());
        let parts = WebParts {
            store: store.clone(),
            files: files.clone(),
            bus: events,
            timelines: Arc::new(TimelineStore::new(config.http.flow_entries)),
            passwords,
            access_tokens: AccessTokens::new(key_ring(config, data_dir)?, &config.auth),
            socket_app: SocketApp { key: chat_app.key.clone(), secret: chat_app.secret.clone().into() },
            socket_address: config.bus.socket_address()?,
            demo_people: demo.as_ref().map(Demo::people).unwrap_or_default(),
        };
        let state = Arc::new(WebState::new(config, parts));
        let forgetful = Arc::clone(&state);
        let on_end: EndListener = Arc::new(move |ended| forgetful.forget_credentials(ended));
        let authorization = Duration::from_secs(config.socket.authorization_secs.into());
        let credential_watch = CredentialWatch::new(store.clone(), watched, on_end, authorization).start();
        let jobs = JobRunner::new(store.clone(), files, outgoing_client(config)?, &config.jobs).start();
        let gap_reminder = bus.may_lose_events().then(|| reminder.start());
        Ok(Self { store, state, jobs: Some(jobs), credential_watch, gap_reminder, demo })
    }

    pub(in crate::app) fn state(&self) -> Arc<WebState> {
        Arc::clone(&self.state)
    }

    pub(in crate::app) const fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    pub(in crate::app) fn begin_shutdown(&self) {
        self.state.begin_shutdown();
    }

    /// Ends the jobs, which may take a moment.
    pub(in crate::app) async fn stop_jobs(&mut self) {
        if let Some(jobs) = self.jobs.take()
            && timeout(JOBS_TIMEOUT, jobs.stop()).await.is_err()
        {
            warn!("a job did not end in time; it is done again when its lease is over");
        }
    }

    /// Ends the jobs and then the store, once no request needs them.
    pub(in crate::app) async fn end(mut self) {
        self.stop_jobs().await;
        // What is stopped next may be waiting for a read that hangs.
        self.store.end_reads().await;
        self.credential_watch.stop().await;
        if let Some(gap_reminder) = self.gap_reminder {
            gap_reminder.stop().await;
        }
        self.store.close().await;
    }
}

/// Opens the database. A demo has a database of its own: its password is public, and must not open another instance.
async fn open_store(config: &ServeConfig, data_dir: &DataDir) -> Result<Store, StartError> {
    let url = database_url(data_dir.path(), config.database_url.as_ref())?;
    instance::refuse_new_beside_old(&url, data_dir.path(), &files_dir(config, data_dir))?;
    let store = Store::open(&url, &instance::options(&config.store))?.with_rations(storage_rations(&config.rations));
    match config.demo {
        true if !store.mark_as_demo().await? => Err(StartError::NotADemo(url.to_string())),
        false if store.is_demo().await? => Err(StartError::DemoDatabase(url.to_string())),
        true | false => Ok(store),
    }
}

fn storage_rations(config: &RationsConfig) -> StorageRations {
    StorageRations {
        unattached_bytes: Ration::UnattachedBytes.limit(config),
        file_bytes: Ration::FileBytes.limit(config),
        documents_per_room: Ration::RoomDocuments.limit(config),
        document_bytes: Ration::DocumentBytes.limit(config),
        version_bytes: Ration::VersionBytes.limit(config),
    }
}

fn key_ring(config: &ServeConfig, data_dir: &DataDir) -> Result<KeyRing, StartError> {
    match &config.auth.token_secret {
        Some(secret) => Ok(KeyRing::of_secret(secret)),
        None => Ok(KeyRing::open(data_dir.path())?),
    }
}

fn open_files(store: &Store, config: &ServeConfig, data_dir: &DataDir) -> Result<FileStorage, StartError> {
    let directory = files_dir(config, data_dir);
    FileStorage::open(store.clone(), &directory)
        .map_err(|error| StartError::DataDir { path: directory.display().to_string(), reason: error.to_string() })
}

fn files_dir(config: &ServeConfig, data_dir: &DataDir) -> PathBuf {
    config.files_dir.clone().unwrap_or_else(|| data_dir.path().join("files"))
}
