//! The rate limits of one socket: on client events, and on joins and leaves.

use std::time::{Duration, Instant};

/// Counts events by the second. A bucket per socket: two words, against a limiter's table of keys.
#[derive(Debug)]
pub(super) struct EventRate {
    second_began: Instant,
    sent: u32,
}

impl EventRate {
    pub(super) fn new() -> Self {
        Self { second_began: Instant::now(), sent: 0 }
    }

    /// Whether one more may be sent now, when `per_second` may.
    pub(super) fn allow(&mut self, per_second: u32, now: Instant) -> bool {
        if now.duration_since(self.second_began) >= Duration::from_secs(1) {
            self.second_began = now;
            self.sent = 0;
        }
        self.sent += 1;
        self.sent <= per_second
    }
}

/// Counts joins and leaves. A page that opens joins all its channels at once, and later a few: as many as a socket may be
/// in are free, and come back with time.
#[derive(Debug)]
pub(super) struct SubscriptionRate {
    used: f64,
    at: Instant,
}

impl SubscriptionRate {
    pub(super) fn new() -> Self {
        Self { used: 0.0, at: Instant::now() }
    }

    /// Counts one more. Whether it may happen now, when `per_second` may and `at_once` beyond that.
    pub(super) fn allow(&mut self, per_second: u32, at_once: usize, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.used = (self.used - elapsed * f64::from(per_second)).max(0.0);
        self.at = now;
        #[expect(clippy::cast_precision_loss, reason = "nobody sets a limit that a float does not hold")]
        let most = at_once as f64 + f64::from(per_second);
        let is_allowed = self.used + 1.0 <= most;
        if is_allowed {
            self.used += 1.0;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_join_at_once_and_then_a_few_a_second() {
        let mut rate = SubscriptionRate::new();
        let start = rate.at;
        let mut allow = |ms| rate.allow(2, 3, start + Duration::from_millis(ms));
        assert_eq!([0, 0, 0, 0, 0, 0].map(&mut allow), [true, true, true, true, true, false]);
        assert_eq!([400, 500, 600, 1_000].map(&mut allow), [false, true, false, true]);
        assert_eq!([60_000, 60_000, 60_000, 60_000, 60_000, 60_000].map(allow), [true, true, true, true, true, false]);
    }

    #[test]
    fn the_limit_is_for_each_second() {
        let mut rate = EventRate::new();
        let start = rate.second_began;
        assert_eq!([0, 1, 999].map(|ms| rate.allow(2, start + Duration::from_millis(ms))), [true, true, false]);
        assert!(rate.allow(2, start + Duration::from_millis(1_000)));
    }
}
