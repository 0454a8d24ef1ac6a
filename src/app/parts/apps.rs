//! Where the apps come from: the chat's own, and those of the file.

use tracing::warn;

use crate::app::start_error::StartError;
use crate::broadcast::{AppTable, Apps};
use crate::config::{SocketConfig, read_apps, webhook_warning};
use crate::pusher::App;

/// What the apps are read from, at the start and again on SIGHUP.
#[derive(Debug, Clone)]
pub(in crate::app) struct AppsSource {
    chat_app: App,
    config: SocketConfig,
}

impl AppsSource {
    pub(in crate::app) const fn new(chat_app: App, config: SocketConfig) -> Self {
        Self { chat_app, config }
    }

    /// The apps as the settings and the file say at the moment.
    pub(in crate::app) fn read(&self) -> Result<AppTable, StartError> {
        let others = match &self.config.apps_file {
            Some(path) => read_apps(path, &self.config)?,
            None => Vec::new(),
        };
        for sentence in others.iter().flat_map(|app| &app.webhooks).filter_map(|webhook| webhook_warning(&webhook.url))
        {
            warn!("HUBBUB_APPS_FILE: {sentence}");
        }
        Ok(AppTable::new(std::iter::once(self.chat_app.clone()).chain(others))?)
    }
}

/// Reads the file of apps again while the server runs.
#[derive(Debug, Clone)]
pub struct Reloader {
    source: AppsSource,
    apps: Apps,
}

impl Reloader {
    pub(in crate::app) const fn new(source: AppsSource, apps: Apps) -> Self {
        Self { source, apps }
    }

    /// Puts the apps that the file says in the place of those that are. Sockets stay, but for those of an app that is gone.
    ///
    /// # Errors
    /// What is wrong with the file; then the apps stay as they are.
    pub fn reload(&self) -> Result<(), StartError> {
        self.apps.replace(self.source.read()?);
        Ok(())
    }
}
