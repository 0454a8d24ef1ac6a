//! Who a token stands for, remembered for a few seconds so that posting a message costs no read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::domain::{Credential, SessionId, User, UserId};
use crate::store::TokenHash;

/// What a bearer presented, once it was found to be well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Presented {
    /// An access token of this session.
    Session(SessionId),
    /// An API token of this digest.
    ApiToken(TokenHash),
}

/// The people behind the tokens that were used last. A session that ends in this process is forgotten at once; one that
/// ends elsewhere, when the watch over credentials finds it, or after [`Self::FRESH_FOR`].
#[derive(Default)]
pub(crate) struct IdentityCache(RwLock<Entries>);

#[derive(Default)]
struct Entries {
    people: HashMap<Presented, Entry>,
    /// Counts endings: what was read before one must not be remembered after it.
    endings: u64,
}

struct Entry {
    user: Arc<User>,
    credential: Credential,
    read_at: Instant,
}

/// Taken before a look into the store; shows whether something ended meanwhile.
pub(crate) struct Reading(u64);

impl IdentityCache {
    const FRESH_FOR: Duration = Duration::from_secs(5);
    /// About 3 MB when full. Beyond it everything is forgotten, which costs one read each.
    const CAPACITY: usize = 10_000;

    pub(crate) fn get(&self, presented: Presented) -> Option<(Arc<User>, Credential)> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.people.get(&presented).filter(|entry| entry.read_at.elapsed() < Self::FRESH_FOR)?;
        Some((Arc::clone(&entry.user), entry.credential))
    }

    pub(crate) fn begin_reading(&self) -> Reading {
        Reading(self.0.read().unwrap_or_else(PoisonError::into_inner).endings)
    }

    /// Remembers what was read, unless a session or token ended since the reading began.
    pub(crate) fn remember(&self, reading: &Reading, presented: Presented, user: &Arc<User>, credential: Credential) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.endings != reading.0 {
            return;
        }
        if entries.people.len() >= Self::CAPACITY {
            entries.people.retain(|_, entry| entry.read_at.elapsed() < Self::FRESH_FOR);
        }
        if entries.people.len() >= Self::CAPACITY {
            entries.people.clear();
        }
        let entry = Entry { user: Arc::clone(user), credential, read_at: Instant::now() };
        entries.people.insert(presented, entry);
    }

    /// Forgets somebody whose rights have changed. Call it after the store knows.
    pub(crate) fn forget_user(&self, id: UserId) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.endings += 1;
        entries.people.retain(|_, entry| entry.user.id != id);
    }

    /// Forgets a session or a token that has ended. Call it after the store knows.
    pub(crate) fn forget(&self, ended: Credential) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.endings += 1;
        entries.people.retain(|_, entry| entry.credential != ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PersonName, Role, Timestamp, UserId, Username};

    const SESSION: Presented = Presented::Session(SessionId(1));
    const CREDENTIAL: Credential = Credential::Session(SessionId(1));

    fn ada() -> Arc<User> {
        Arc::new(User {
            id: UserId(1),
            username: Username::parse("ada").expect("valid"),
            name: PersonName::stored("Ada".to_owned()),
            role: Role::Member,
            created_at: Timestamp(0),
        })
    }

    #[test]
    fn an_ended_session_is_forgotten_at_once() {
        let cache = IdentityCache::default();
        cache.remember(&cache.begin_reading(), SESSION, &ada(), CREDENTIAL);
        assert!(cache.get(SESSION).is_some());
        cache.forget(CREDENTIAL);
        assert!(cache.get(SESSION).is_none());
    }

    #[test]
    fn what_was_read_before_an_ending_is_not_remembered_after_it() {
        let cache = IdentityCache::default();
        let reading = cache.begin_reading();
        cache.forget(CREDENTIAL);
        cache.remember(&reading, SESSION, &ada(), CREDENTIAL);
        assert!(cache.get(SESSION).is_none());
    }

    #[test]
    fn the_memory_is_bounded() {
        let cache = IdentityCache::default();
        let ada = ada();
        for number in 0..2 * IdentityCache::CAPACITY {
            let presented = Presented::Session(SessionId(i64::try_from(number).expect("small")));
            cache.remember(&cache.begin_reading(), presented, &ada, CREDENTIAL);
        }
        assert!(cache.0.read().expect("not poisoned").people.len() <= IdentityCache::CAPACITY);
    }
}
