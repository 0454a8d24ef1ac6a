//! Watchlists: which users are told when which others are online or offline.

use std::collections::{HashMap, HashSet};

use crate::pusher::AppId;

use crate::broadcast::shrink::ShrinkSparse;

/// The watchlists of all signed-in users. A user's watchlist joins those of all their sockets, and ends with the last of
/// them.
#[derive(Debug, Default)]
pub(crate) struct Watchlists {
    watched_by: HashMap<(AppId, String), HashSet<String>>,
    watching: HashMap<(AppId, String), HashSet<String>>,
}

impl Watchlists {
    pub(crate) fn watch(&mut self, app: AppId, watcher: &str, watched: &[String]) {
        if watched.is_empty() {
            return;
        }
        let watching = self.watching.entry((app, watcher.to_owned())).or_default();
        for user in watched {
            watching.insert(user.clone());
            self.watched_by.entry((app, user.clone())).or_default().insert(watcher.to_owned());
        }
    }

    pub(crate) fn stop_watching(&mut self, app: AppId, watcher: &str) {
        for user in self.watching.remove(&(app, watcher.to_owned())).into_iter().flatten() {
            let watched = (app, user);
            if let Some(watchers) = self.watched_by.get_mut(&watched) {
                watchers.remove(watcher);
                if watchers.is_empty() {
                    self.watched_by.remove(&watched);
                }
            }
        }
        self.watched_by.shrink_if_sparse();
        self.watching.shrink_if_sparse();
    }

    pub(crate) fn watchers_of(&self, app: AppId, user: &str) -> Vec<String> {
        let watchers = self.watched_by.get(&(app, user.to_owned()));
        watchers.into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchlist_ends_with_its_watcher_and_leaves_nothing_behind() {
        let app = AppId::numbered(1);
        let mut watchlists = Watchlists::default();
        watchlists.watch(app, "a", &["b".to_owned(), "c".to_owned()]);
        watchlists.watch(app, "d", &["b".to_owned()]);
        assert_eq!(watchlists.watchers_of(app, "b").len(), 2);
        assert!(watchlists.watchers_of(AppId::numbered(2), "b").is_empty());
        watchlists.stop_watching(app, "a");
        assert_eq!(watchlists.watchers_of(app, "b"), ["d"]);
        watchlists.stop_watching(app, "d");
        assert!(watchlists.watched_by.is_empty() && watchlists.watching.is_empty());
    }
}
