//! The apps that the socket server serves.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::pusher::{App, AppId};

/// The apps, shared by all workers and replaced as a whole when their file is read again.
#[derive(Debug, Clone)]
pub struct Apps {
    table: Arc<RwLock<Arc<AppTable>>>,
}

/// The apps at one moment.
#[derive(Debug, Default)]
pub struct AppTable {
    by_id: HashMap<AppId, Arc<App>>,
    by_key: HashMap<String, Arc<App>>,
}

/// Two apps have the same id or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppConflict {
    /// The id.
    #[error("two apps have the id {0}")]
    Id(AppId),
    /// The key.
    #[error("two apps have the key {0:?}")]
    Key(String),
}

impl AppTable {
    /// A table of these apps.
    ///
    /// # Errors
    /// [`AppConflict`].
    pub fn new(apps: impl IntoIterator<Item = App>) -> Result<Self, AppConflict> {
        let mut table = Self::default();
        for app in apps.into_iter().map(Arc::new) {
            if table.by_key.insert(app.key.clone(), Arc::clone(&app)).is_some() {
                return Err(AppConflict::Key(app.key.clone()));
            }
            if table.by_id.insert(app.id, Arc::clone(&app)).is_some() {
                return Err(AppConflict::Id(app.id));
            }
        }
        Ok(table)
    }

    /// The app of this id.
    #[must_use]
    pub fn by_id(&self, id: AppId) -> Option<&Arc<App>> {
        self.by_id.get(&id)
    }

    /// The app of this id, as a caller writes it.
    #[must_use]
    pub fn by_id_text(&self, id: &str) -> Option<&Arc<App>> {
        self.by_id.values().find(|app| app.id.as_str() == id)
    }

    /// The app of this key.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&Arc<App>> {
        self.by_key.get(key)
    }
}

impl Apps {
    /// A server of these apps.
    #[must_use]
    pub fn new(table: AppTable) -> Self {
        Self { table: Arc::new(RwLock::new(Arc::new(table))) }
    }

    /// The apps as they are now.
    #[must_use]
    pub fn now(&self) -> Arc<AppTable> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The app of this id, as it is now.
    #[must_use]
    pub fn by_id(&self, id: AppId) -> Option<Arc<App>> {
        self.now().by_id(id).cloned()
    }

    /// Replaces all apps. Sockets stay open; hubs close those of an app that is removed.
    pub fn replace(&self, table: AppTable) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}
