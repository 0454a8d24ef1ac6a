//! Reading once for many: after a hiccup thousands of pages ask for the same piece of a log in the same moment.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OnceCell;

/// Reads that are under way. Whoever asks while one is under way shares the next, together with everybody else who has
/// come meanwhile: a read that began before the question might lack what the asker knows of.
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    by_key: Mutex<HashMap<K, Weak<Line<V>>>>,
}

/// Those who want the same.
#[derive(Debug)]
struct Line<V> {
    /// Held while a read is under way.
    gate: tokio::sync::Mutex<()>,
    /// The read that has not begun.
    next: Mutex<Arc<OnceCell<V>>>,
}

impl<V> Default for Line<V> {
    fn default() -> Self {
        Self { gate: tokio::sync::Mutex::default(), next: Mutex::new(Arc::new(OnceCell::new())) }
    }
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { by_key: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// What `read` answers, or what another's read answers that began after this call. When whoever reads goes away, the
    /// next one in line does it.
    pub(crate) async fn share(&self, key: K, read: impl Future<Output = V>) -> V {
        let line = self.line(&key);
        let mine = Arc::clone(&lock(&line.next));
        let value = {
            let _gate = line.gate.lock().await;
            {
                let mut next = lock(&line.next);
                if Arc::ptr_eq(&next, &mine) {
                    // From here on it is under way, and no longer the next.
                    *next = Arc::new(OnceCell::new());
                }
            }
            mine.get_or_init(|| read).await.clone()
        };
        self.leave(&key, line);
        value
    }

    fn line(&self, key: &K) -> Arc<Line<V>> {
        let mut by_key = lock(&self.by_key);
        if let Some(line) = by_key.get(key).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(Line::default());
        by_key.insert(key.clone(), Arc::downgrade(&line));
        line
    }

    /// The last one forgets the line.
    fn leave(&self, key: &K, line: Arc<Line<V>>) {
        let mut by_key = lock(&self.by_key);
        drop(line);
        if by_key.get(key).is_some_and(|line| line.strong_count() == 0) {
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
        let (flights, reads) = (Flights::default(), AtomicU32::new(0));
        let read = || async {
            tokio::task::yield_now().await;
            reads.fetch_add(1, Ordering::Relaxed)
        };
        let first = join_all((0..10_000).map(|_| flights.share("room", read()))).await;
        assert!(first[0] == 0 && first[1..].iter().all(|value| *value == 1), "{:?}", &first[..3]);
        assert_eq!(flights.share("room", read()).await, 2);
        assert_eq!(flights.share("other", read()).await, 3);
        assert!(lock(&flights.by_key).is_empty());
    }

    #[tokio::test]
    async fn whoever_comes_while_a_read_is_under_way_shares_the_next() {
        let flights = Arc::new(Flights::default());
        let (release, released) = oneshot::channel::<()>();
        let slow = {
            let flights = Arc::clone(&flights);
            tokio::spawn(async move {
                let read = async {
                    released.await.expect("released");
                    "before"
                };
                flights.share(1, read).await
            })
        };
        while lock(&flights.by_key).is_empty() {
            tokio::task::yield_now().await;
        }
        let later = (0..3).map(|_| flights.share(1, async { "after" }));
        let (later, ()) = tokio::join!(join_all(later), async {
            tokio::task::yield_now().await;
            release.send(()).expect("it waits");
        });
        assert_eq!((slow.await.expect("no panic"), later), ("before", vec!["after"; 3]));
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_leaves_it_to_the_next() {
        let flights = Flights::default();
        let gone = flights.share(1, std::future::pending::<u8>());
        let mut gone = Box::pin(gone);
        assert!(futures_util::poll!(&mut gone).is_pending());
        let next = flights.share(1, async { 7 });
        let (value, ()) = tokio::join!(next, async { drop(gone) });
        assert_eq!(value, 7);
    }
}
