//! Request coalescing: when thousands of pages ask for the same part of a log at the same time, it is read once for all of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OnceCell;

/// Shares reads among the requests that want the same key. A request that comes while a read is under way shares the next
/// read, with all others that have come since: a read that began before the request might lack what its client knows of.
#[derive(Debug)]
pub(crate) struct Coalescer<K, V> {
    by_key: Mutex<HashMap<K, Weak<Group<V>>>>,
}

/// The requests for one key.
#[derive(Debug)]
struct Group<V> {
    /// Held while a read is under way.
    gate: tokio::sync::Mutex<()>,
    /// The read that has not begun.
    next: Mutex<Arc<OnceCell<V>>>,
}

impl<V> Default for Group<V> {
    fn default() -> Self {
        Self { gate: tokio::sync::Mutex::default(), next: Mutex::new(Arc::new(OnceCell::new())) }
    }
}

impl<K, V> Default for Coalescer<K, V> {
    fn default() -> Self {
        Self { by_key: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Coalescer<K, V> {
    /// The result of `read`, or of another request's read that began after this call. When the request that reads is
    /// cancelled, the next one of its group reads.
    pub(crate) async fn get_or_read(&self, key: K, read: impl Future<Output = V>) -> V {
        let group = self.group_of(&key);
        let mine = Arc::clone(&lock(&group.next));
        let value = {
            let _gate = group.gate.lock().await;
            {
                let mut next = lock(&group.next);
                if Arc::ptr_eq(&next, &mine) {
                    // From here on it is under way, and no longer the next.
                    *next = Arc::new(OnceCell::new());
                }
            }
            mine.get_or_init(|| read).await.clone()
        };
        self.leave(&key, group);
        value
    }

    fn group_of(&self, key: &K) -> Arc<Group<V>> {
        let mut by_key = lock(&self.by_key);
        if let Some(group) = by_key.get(key).and_then(Weak::upgrade) {
            return group;
        }
        let group = Arc::new(Group::default());
        by_key.insert(key.clone(), Arc::downgrade(&group));
        group
    }

    /// The last request of a group removes it.
    fn leave(&self, key: &K, group: Arc<Group<V>>) {
        let mut by_key = lock(&self.by_key);
        drop(group);
        if by_key.get(key).is_some_and(|group| group.strong_count() == 0) {
            by_key.remove(key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn ten_thousand_askers_wait_for_two_reads_and_those_who_come_later_read_anew() {
        let (coalescer, reads) = (Coalescer::default(), AtomicU32::new(0));
        let read = || async {
            tokio::task::yield_now().await;
            reads.fetch_add(1, Ordering::Relaxed)
        };
        let first = join_all((0..10_000).map(|_| coalescer.get_or_read("room", read()))).await;
        assert!(first[0] == 0 && first[1..].iter().all(|value| *value == 1), "{:?}", &first[..3]);
        assert_eq!(coalescer.get_or_read("room", read()).await, 2);
        assert_eq!(coalescer.get_or_read("other", read()).await, 3);
        assert!(lock(&coalescer.by_key).is_empty());
    }

    #[tokio::test]
    async fn whoever_comes_while_a_read_is_under_way_shares_the_next() {
        let coalescer = Arc::new(Coalescer::default());
        let (release, released) = oneshot::channel::<()>();
        let slow = {
            let coalescer = Arc::clone(&coalescer);
            tokio::spawn(async move {
                let read = async {
                    released.await.expect("released");
                    "before"
                };
                coalescer.get_or_read(1, read).await
            })
        };
        while lock(&coalescer.by_key).is_empty() {
            tokio::task::yield_now().await;
        }
        let later = (0..3).map(|_| coalescer.get_or_read(1, async { "after" }));
        let (later, ()) = tokio::join!(join_all(later), async {
            tokio::task::yield_now().await;
            release.send(()).expect("it waits");
        });
        assert_eq!((slow.await.expect("no panic"), later), ("before", vec!["after"; 3]));
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_leaves_it_to_the_next() {
        let coalescer = Coalescer::default();
        let gone = coalescer.get_or_read(1, std::future::pending::<u8>());
        let mut gone = Box::pin(gone);
        assert!(futures_util::poll!(&mut gone).is_pending());
        let next = coalescer.get_or_read(1, async { 7 });
        let (value, ()) = tokio::join!(next, async { drop(gone) });
        assert_eq!(value, 7);
    }
}
