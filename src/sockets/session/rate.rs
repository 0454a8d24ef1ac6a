//! The rate limit on client events of one socket.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_for_each_second() {
        let mut rate = EventRate::new();
        let start = rate.second_began;
        assert_eq!([0, 1, 999].map(|ms| rate.allow(2, start + Duration::from_millis(ms))), [true, true, false]);
        assert!(rate.allow(2, start + Duration::from_millis(1_000)));
    }
}
