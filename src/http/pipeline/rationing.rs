//! Counting what people and addresses do, and refusing what is beyond their ration.
//!
//! The rations are the table of [`crate::config::Ration`]. Rates are counted in this process: with several web nodes, each gives
//! its own.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::{Ready, ready};
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::auth::network;
use crate::config::{Ration, RationKey, RationWindow, RationsConfig};
use crate::domain::UserId;
use crate::http::error::ApiError;
use crate::http::pipeline::client_ip::caller_address;
use crate::http::pipeline::ration_routes::ration_of;
use crate::http::state::WebState;

/// What every person and every address has used of its rations.
pub(crate) struct Rations {
    config: RationsConfig,
    /// By the ration's place in [`Ration::ALL`]; `None` for one without a limit, or which is no rate.
    rates: Vec<Option<Rate>>,
    at_once: Arc<Counts>,
    /// Addresses are hashed into 65,536 slots: whatever strangers send, the memory is bounded. The hash is keyed, so that
    /// nobody can choose to share somebody's slot.
    slots: RandomState,
    clock: DefaultClock,
    /// Requests until people who did nothing for a while are forgotten.
    until_clean: AtomicU32,
}

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

struct Rate {
    by_person: Option<Limiter<i64>>,
    by_address: Limiter<u16>,
}

/// How many of what somebody has at the same time.
type Counts = Mutex<HashMap<(Ration, Holder), u64>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Person(UserId),
    Address(IpAddr),
}

/// A ration is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RationUsedUp {
    /// Which one.
    pub ration: Ration,
    /// Whether it is that of the address, which several people share.
    pub is_of_address: bool,
    /// How much there is.
    pub limit: u64,
    /// When there is more; `None`: when something ends.
    pub retry_after: Option<Duration>,
}

/// What is left of a ration; becomes the headers of the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RationState {
    ration: Ration,
    is_of_address: bool,
    limit: u64,
    remaining: u64,
}

/// Something that counts while it exists, such as an open stream.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Arc<Counts>,
    taken: Vec<(Ration, Holder)>,
}

/// Counts a request of nobody in particular against its address's ration.
pub(crate) struct AddressRation;

impl Rations {
    /// After how many requests the memory is looked through.
    const CLEAN_EVERY: u32 = 10_000;

    pub(crate) fn new(config: &RationsConfig) -> Self {
        Self {
            rates: Ration::ALL.iter().map(|ration| Rate::new(*ration, config)).collect(),
            config: config.clone(),
            at_once: Arc::default(),
            slots: RandomState::new(),
            clock: DefaultClock::default(),
            until_clean: AtomicU32::new(Self::CLEAN_EVERY),
        }
    }

    /// Counts a request against its route's ration, of the person and of the address. `None` when there is none.
    ///
    /// # Errors
    /// [`RationUsedUp`].
    fn count(
        &self,
        ration: Ration,
        person: Option<UserId>,
        address: IpAddr,
    ) -> Result<Option<RationState>, RationUsedUp> {
        let Some(Some(rate)) = self.rates.get(ration as usize) else { return Ok(None) };
        self.clean();
        let of_person = match (&rate.by_person, person) {
            (Some(limiter), Some(person)) => {
                Some(self.check(ration, limiter, &person.0, false, ration.limit(&self.config))?)
            }
            _ => None,
        };
        let slot = self.slot(network(address));
        let of_address = self.check(ration, &rate.by_address, &slot, true, ration.limit_of_address(&self.config))?;
        Ok(Some(of_person.unwrap_or(of_address)))
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        ration: Ration,
        limiter: &Limiter<K>,
        key: &K,
        is_of_address: bool,
        limit: Option<u64>,
    ) -> Result<RationState, RationUsedUp> {
        let limit = limit.unwrap_or(u64::MAX);
        match limiter.check_key(key) {
            Ok(state) => {
                let remaining = u64::from(state.remaining_burst_capacity());
                Ok(RationState { ration, is_of_address, limit, remaining })
            }
            Err(until) => {
                let retry_after = Some(until.wait_time_from(self.clock.now()));
                Err(RationUsedUp { ration, is_of_address, limit, retry_after })
            }
        }
    }

    /// Takes a place for something that lasts; it is given back when the answer is dropped.
    ///
    /// # Errors
    /// [`RationUsedUp`] when the person or the address has as many as it may.
    pub(crate) fn take_place(
        &self,
        ration: Ration,
        person: Option<UserId>,
        address: IpAddr,
    ) -> Result<Place, RationUsedUp> {
        let of_person = person.filter(|_| ration.row().key == RationKey::Person);
        let of_person = of_person.map(|person| (Holder::Person(person), false, ration.limit(&self.config)));
        let of_address = (Holder::Address(network(address)), true, ration.limit_of_address(&self.config));
        let mut place = Place { counts: Arc::clone(&self.at_once), taken: Vec::with_capacity(2) };
        for (holder, is_of_address, limit) in of_person.into_iter().chain([of_address]) {
            let Some(limit) = limit else { continue };
            let mut counts = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry((ration, holder)).or_default();
            if *count >= limit {
                drop(counts);
                return Err(RationUsedUp { ration, is_of_address, limit, retry_after: None });
            }
            *count += 1;
            drop(counts);
            place.taken.push((ration, holder));
        }
        Ok(place)
    }

    fn slot(&self, address: IpAddr) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits of the hash are the slot")]
        let slot = self.slots.hash_one(address) as u16;
        slot
    }

    /// Forgets people whose rations are whole again.
    fn clean(&self) {
        if self.until_clean.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.until_clean.store(Self::CLEAN_EVERY, Ordering::Relaxed);
            for limiter in self.rates.iter().flatten().filter_map(|rate| rate.by_person.as_ref()) {
                limiter.retain_recent();
            }
        }
    }
}

impl Rate {
    fn new(ration: Ration, config: &RationsConfig) -> Option<Self> {
        let row = ration.row();
        let window = window(row.window)?;
        let limiter = |limit: u64| {
            let limit = NonZeroU32::new(u32::try_from(limit).unwrap_or(u32::MAX))?;
            Quota::with_period(window / limit.get()).map(|quota| quota.allow_burst(limit))
        };
        let by_person = match row.key {
            RationKey::Person => Some(RateLimiter::keyed(limiter(ration.limit(config)?)?).with_middleware()),
            RationKey::Address | RationKey::Room | RationKey::Document => None,
        };
        let by_address = RateLimiter::keyed(limiter(ration.limit_of_address(config)?)?).with_middleware();
        Some(Self { by_person, by_address })
    }
}

/// The length of a rate's window; `None` for what is counted otherwise.
const fn window(window: RationWindow) -> Option<Duration> {
    match window {
        RationWindow::Minute => Some(Duration::from_secs(60)),
        RationWindow::Hour => Some(Duration::from_secs(3_600)),
        RationWindow::Day => Some(Duration::from_secs(86_400)),
        RationWindow::AtOnce | RationWindow::InAll => None,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for key in self.taken.drain(..) {
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&key);
                }
            }
        }
    }
}

impl WebState {
    /// Counts a request against its route's ration, and notes what is left for the answer's headers.
    pub(crate) fn count_request(&self, request: &HttpRequest, person: Option<UserId>) -> Result<(), ApiError> {
        let Some(ration) = ration_of(request) else { return Ok(()) };
        match self.rations.count(ration, person, caller_address(request)?) {
            Ok(Some(state)) => drop(request.extensions_mut().insert(state)),
            Ok(None) => {}
            Err(used_up) => {
                request.extensions_mut().insert(RationState::used_up(&used_up));
                return Err(used_up.into());
            }
        }
        Ok(())
    }
}

impl FromRequest for AddressRation {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(WebState::of(request).and_then(|state| state.count_request(request, None)).map(|()| Self))
    }
}

impl RationState {
    const fn used_up(used_up: &RationUsedUp) -> Self {
        let RationUsedUp { ration, is_of_address, limit, .. } = *used_up;
        Self { ration, is_of_address, limit, remaining: 0 }
    }

    /// The fields `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): the ration, what is left of it, and in how many seconds it is whole.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        let row = self.ration.row();
        let Some(window) = window(row.window).map(|window| window.as_secs()) else { return };
        let (limit, remaining) = (self.limit, self.remaining);
        let name = format!(
            "{}{}",
            row.name,
            if self.is_of_address && row.key == RationKey::Person { "-of-address" } else { "" }
        );
        let whole_in =
            (u128::from(limit.saturating_sub(remaining)) * u128::from(window)).div_ceil(u128::from(limit.max(1)));
        let fields = [
            ("ratelimit-policy", format!("\"{name}\";q={limit};w={window}")),
            ("ratelimit", format!("\"{name}\";r={remaining};t={whole_in}")),
        ];
        for (field, value) in fields {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(field), value);
            }
        }
    }
}

/// For people and for operators: `You have used up your 600 messages a minute; … (HUBBUB_POSTS_PER_MINUTE).`
impl fmt::Display for RationUsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.ration.row();
        let shares = self.is_of_address && row.key == RationKey::Person;
        let (whose, factor) = match (self.is_of_address, shares) {
            (false, _) => ("You have used up your ration", ""),
            (true, true) => ("Your network address has used up its ration", ", HUBBUB_ADDRESS_RATION_FACTOR"),
            (true, false) => ("Your network address has used up its ration", ""),
        };
        write!(f, "{whose} of {} {}", self.limit, row.unit())?;
        match self.retry_after {
            Some(wait) => write!(f, "; try again in {} s", wait.as_secs_f64().ceil().max(1.0))?,
            None => write!(f, "; try again when one has ended")?,
        }
        write!(f, " ({}{factor}).", row.setting)
    }
}

impl std::error::Error for RationUsedUp {}
