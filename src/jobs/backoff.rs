//! How long to wait after a failure.

use std::time::Duration;

/// Three times the pause after each attempt: ten attempts from five seconds on take half a day, which outlives a night's
/// outage.
const FACTOR: u32 = 3;
/// A receiver that was away for long is found within this time.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

/// The pause after `attempts` failures, `jitter` within 0 and 1: a quarter less up to a quarter more, so that what failed
/// together does not come back together.
pub(super) fn pause(first: Duration, attempts: i64, jitter: f64) -> Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    let pause = first.saturating_mul(FACTOR.saturating_pow(exponent)).min(LONGEST);
    pause.mul_f64(0.75 + 0.5 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_half_a_day() {
        let pauses = [1, 2, 3, 10, 1_000].map(|attempts| pause(Duration::from_secs(5), attempts, 0.5).as_secs());
        assert_eq!(pauses, [5, 15, 45, 43_200, 43_200]);
    }

    #[test]
    fn jitter_spreads_them_by_a_quarter() {
        let pauses = [0.0, 1.0].map(|jitter| pause(Duration::from_secs(100), 1, jitter).as_secs());
        assert_eq!(pauses, [75, 125]);
    }
}
