//! The last event of each cache channel, for later subscribers.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::broadcast::{ChannelKey, Frame};

/// The last events. Bounded: a new one displaces the one that was cached first.
#[derive(Debug)]
pub(crate) struct Caches {
    /// In the order of writing: looking at an entry does not move it.
    events: LruCache<ChannelKey, Cached>,
}

/// A cache channel's last event.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    /// Its frame.
    pub(crate) frame: Frame,
    /// Its data, for the HTTP API.
    pub(crate) data: String,
    pub(crate) expires_at: Instant,
}

impl Caches {
    pub(crate) fn new(max_channels: usize) -> Self {
        Self { events: LruCache::new(NonZeroUsize::new(max_channels).unwrap_or(NonZeroUsize::MIN)) }
    }

    /// Keeps an event. Returns the channel whose event was displaced.
    pub(crate) fn keep(
        &mut self,
        key: ChannelKey,
        frame: Frame,
        data: String,
        ttl: Duration,
        now: Instant,
    ) -> Option<ChannelKey> {
        let (displaced, _) = self
            .events
            .push(key.clone(), Cached { frame, data, expires_at: now + ttl })
            .filter(|(old, _)| *old != key)?;
        Some(displaced)
    }

    /// Removes an expired event; returns its channel.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<ChannelKey> {
        self.events.peek_lru().filter(|(_, oldest)| oldest.expires_at <= now)?;
        self.events.pop_lru().map(|(key, _)| key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn get(&self, key: &ChannelKey, now: Instant) -> Option<&Cached> {
        self.events.peek(key).filter(|cached| cached.expires_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    fn key(name: &str) -> ChannelKey {
        ChannelKey { app: AppId::numbered(1), name: ChannelName::parse(name).expect("valid") }
    }

    #[test]
    fn the_last_event_is_kept_until_its_time_is_over() {
        let start = Instant::now();
        let mut caches = Caches::new(10);
        for data in ["one", "two"] {
            caches.keep(key("cache-a"), Frame::text(data), data.to_owned(), Duration::from_secs(60), start);
        }
        let data = |seconds| {
            let cached = caches.get(&key("cache-a"), start + Duration::from_secs(seconds));
            cached.map(|cached| cached.data.as_str())
        };
        assert_eq!((data(59), data(60)), (Some("two"), None));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let now = Instant::now();
        let mut caches = Caches::new(2);
        for name in ["cache-a", "cache-b", "cache-a", "cache-c"] {
            caches.keep(key(name), Frame::text(name), name.to_owned(), Duration::from_secs(60), now);
        }
        let kept = ["cache-a", "cache-b", "cache-c"].map(|name| caches.get(&key(name), now).is_some());
        assert_eq!(kept, [true, false, true]);
    }
}
