//! The rate limit on sign-in attempts: so many a minute from one address, and so many for one user name from addresses that
//! never signed in with it.
//!
//! An address that guesses one user's password is stopped there, and uses up a tenth of the attempts that unknown addresses
//! have for that name. The user can still sign in, from addresses used before and from others too.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lru::LruCache;
use thiserror::Error;

use crate::domain::Username;

/// Counts attempts to sign in.
///
/// Addresses and names are hashed into 65,536 slots: whatever strangers send, the memory is bounded, at the price that
/// two of them may share a slot. The hash is keyed, so that nobody can choose to share somebody's slot.
pub struct SignInThrottle {
    by_address: DefaultKeyedRateLimiter<u16>,
    by_username: DefaultKeyedRateLimiter<u16>,
    /// The names and addresses that have signed in last, by their hash.
    known: Mutex<LruCache<u64, ()>>,
    slots: RandomState,
    clock: DefaultClock,
}

/// The quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many attempts; the next one may be made in {retry_after:?}")]
pub struct TooManyAttempts {
    /// How long until the next attempt may be made.
    pub retry_after: Duration,
}

impl SignInThrottle {
    /// How many addresses that guess as fast as they may it takes to keep a stranger's address from one name.
    const ADDRESSES_PER_USERNAME: u32 = 10;
    /// About 5 MB when full.
    const KNOWN: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();

    /// A brake of `HUBBUB_SIGN_INS_PER_MINUTE`.
    #[must_use]
    pub fn new(sign_ins_per_minute: u64) -> Self {
        let per_minute = u32::try_from(sign_ins_per_minute).unwrap_or(u32::MAX);
        let quota = |limit| Quota::per_minute(NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN));
        Self {
            by_address: RateLimiter::keyed(quota(per_minute)),
            by_username: RateLimiter::keyed(quota(per_minute.saturating_mul(Self::ADDRESSES_PER_USERNAME))),
            known: Mutex::new(LruCache::new(Self::KNOWN)),
            slots: RandomState::new(),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// [`TooManyAttempts`] when the address or the name has none left.
    pub fn attempt(&self, address: IpAddr, username: &Username) -> Result<(), TooManyAttempts> {
        // The address first: one that is stopped must not use up the quota of the people whose names it tries.
        self.count(&self.by_address, &network(address))?;
        let is_known =
            self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.pair(address, username));
        if is_known { Ok(()) } else { self.count(&self.by_username, username) }
    }

    /// Remembers that the password was right: guesses from elsewhere do not stop this address any more.
    pub fn succeeded(&self, address: IpAddr, username: &Username) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(self.pair(address, username), ());
    }

    fn pair(&self, address: IpAddr, username: &Username) -> u64 {
        self.slots.hash_one((network(address), username))
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<u16>, key: &impl Hash) -> Result<(), TooManyAttempts> {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits of the hash are the slot")]
        let slot = self.slots.hash_one(key) as u16;
        limiter
            .check_key(&slot)
            .map_err(|until| TooManyAttempts { retry_after: until.wait_time_from(self.clock.now()) })
    }
}

/// What stands for one caller: an IPv6 host can take any address of its /64.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three attempts a minute.
    fn throttle() -> SignInThrottle {
        SignInThrottle::new(3)
    }

    fn name(text: &str) -> Username {
        Username::parse(text).expect("valid")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_is_stopped_whatever_names_it_tries() {
        let throttle = throttle();
        for person in ["ada", "grace", "linus"] {
            assert_eq!(throttle.attempt(address("192.0.2.1"), &name(person)), Ok(()));
        }
        let stopped = throttle.attempt(address("192.0.2.1"), &name("ken")).expect_err("the fourth");
        assert!(stopped.retry_after > Duration::from_secs(15) && stopped.retry_after <= Duration::from_secs(20));
        assert_eq!(throttle.attempt(address("192.0.2.2"), &name("ken")), Ok(()));
    }

    #[test]
    fn one_name_is_protected_whatever_addresses_try_it() {
        let throttle = throttle();
        for host in 1..=30 {
            assert_eq!(throttle.attempt(address(&format!("192.0.2.{host}")), &name("ada")), Ok(()));
        }
        assert!(throttle.attempt(address("192.0.2.31"), &name("ada")).is_err());
        assert_eq!(throttle.attempt(address("192.0.2.31"), &name("grace")), Ok(()));
    }

    #[test]
    fn guesses_from_one_address_never_shut_the_owner_out_elsewhere() {
        let throttle = throttle();
        for _ in 0..1_000 {
            let _ = throttle.attempt(address("192.0.2.1"), &name("ada")); // counted or refused, both are fine here
        }
        assert_eq!(throttle.attempt(address("198.51.100.7"), &name("ada")), Ok(()));
    }

    #[test]
    fn guesses_from_many_addresses_do_not_stop_one_that_the_owner_has_signed_in_from() {
        let throttle = throttle();
        assert_eq!(throttle.attempt(address("198.51.100.7"), &name("ada")), Ok(()));
        throttle.succeeded(address("198.51.100.7"), &name("ada"));
        for host in 1..=200 {
            let _ = throttle.attempt(address(&format!("192.0.2.{host}")), &name("ada")); // As above.
        }
        assert!(throttle.attempt(address("198.51.100.8"), &name("ada")).is_err(), "an address that nobody knows");
        assert_eq!(throttle.attempt(address("198.51.100.7"), &name("ada")), Ok(()));
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one_and_a_mapped_address_as_itself() {
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:1")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn a_hundred_thousand_names_take_no_more_memory_than_the_slots() {
        let throttle = throttle();
        for number in 0..100_000 {
            let _ = throttle.count(&throttle.by_username, &number); // counted or refused, both are fine here
        }
        assert!(throttle.by_username.len() <= 65_536);
    }
}
