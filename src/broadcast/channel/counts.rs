//! When the subscribers of a channel are sent their number.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::broadcast::ChannelKey;

/// Channels with more subscribers than this are sent their count at intervals (the figure of Pusher's hosted service).
const LARGE: usize = 100;
/// The interval for large channels.
const PERIOD: Duration = Duration::from_secs(5);

/// Large channels whose count was sent within the last interval.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionCounts {
    announced: HashMap<ChannelKey, Announced>,
}

#[derive(Debug)]
struct Announced {
    at: Instant,
    has_changed_since: bool,
}

impl SubscriptionCounts {
    /// Notes a change; true when the count should be sent at once.
    pub(crate) fn changed(&mut self, key: &ChannelKey, count: usize, now: Instant) -> bool {
        if count <= LARGE {
            self.announced.remove(key);
            return true;
        }
        match self.announced.get_mut(key) {
            Some(announced) if now.duration_since(announced.at) < PERIOD => {
                announced.has_changed_since = true;
                false
            }
            _ => {
                self.announced.insert(key.clone(), Announced { at: now, has_changed_since: false });
                true
            }
        }
    }

    /// The channels whose count is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<ChannelKey> {
        let mut due = Vec::new();
        self.announced.retain(|key, announced| {
            let is_over = now.duration_since(announced.at) >= PERIOD;
            if is_over && announced.has_changed_since {
                due.push(key.clone());
                *announced = Announced { at: now, has_changed_since: false };
                return true;
            }
            !is_over
        });
        due
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.announced.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    #[test]
    fn a_large_channel_is_told_at_most_every_five_seconds_and_the_last_change_is_not_lost() {
        let key = ChannelKey { app: AppId::numbered(1), name: ChannelName::parse("c").expect("valid") };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut counts = SubscriptionCounts::default();
        assert!(counts.changed(&key, 100, at(0)) && counts.changed(&key, 99, at(0)));
        assert!(counts.changed(&key, 101, at(0)));
        assert!(!counts.changed(&key, 102, at(1)));
        assert!(counts.take_due(at(4)).is_empty());
        assert_eq!(counts.take_due(at(5)), std::slice::from_ref(&key));
        assert!(counts.take_due(at(10)).is_empty());
        assert!(counts.is_empty());
    }
}
