//! How often the trail tells of attempts that were throttled: a flood of them must not become a flood of rows.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Lets one note a minute through for each address. Addresses are hashed into 65,536 slots, so the memory is bounded.
pub struct ThrottleNotes {
    by_address: DefaultKeyedRateLimiter<u16>,
    slots: RandomState,
}

impl Default for ThrottleNotes {
    fn default() -> Self {
        let quota = Quota::per_minute(NonZeroU32::MIN);
        Self { by_address: RateLimiter::keyed(quota), slots: RandomState::new() }
    }
}

impl ThrottleNotes {
    /// Whether an attempt from this address is to be noted.
    pub fn allow(&self, address: IpAddr) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits of the hash are the slot")]
        let slot = self.slots.hash_one(address) as u16;
        self.by_address.check_key(&slot).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_noted_once_a_minute() {
        let notes = ThrottleNotes::default();
        let address = |text: &str| text.parse().expect("an address");
        assert!(notes.allow(address("192.0.2.1")));
        assert!(!notes.allow(address("192.0.2.1")));
        assert!(notes.allow(address("192.0.2.2")));
    }
}
