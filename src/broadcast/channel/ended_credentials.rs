//! Sessions and API tokens that have ended, kept as long as an authorisation that was issued through them could still be
//! used.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::broadcast::shrink::ShrinkSparse;
use crate::pusher::AppId;

type Ended = (AppId, Arc<str>);

/// Ended credentials. A client may have an authorisation that was issued just before the end, and use it just after.
#[derive(Debug)]
pub(crate) struct EndedCredentials {
    /// How long an authorisation may be used after it was issued; older ones are refused anyway.
    lifetime: Duration,
    ended: HashMap<Ended, Instant>,
    oldest_first: VecDeque<Ended>,
}

impl EndedCredentials {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, ended: HashMap::new(), oldest_first: VecDeque::new() }
    }

    /// Adds one; false when it was known.
    pub(crate) fn add(&mut self, app: AppId, credential: Arc<str>, now: Instant) -> bool {
        self.forget_old(now);
        let ended = (app, credential);
        if self.ended.contains_key(&ended) {
            return false;
        }
        self.oldest_first.push_back(ended.clone());
        self.ended.insert(ended, now);
        true
    }

    /// Whether the credential that let somebody in has ended.
    pub(crate) fn contain(&self, app: AppId, credential: Option<&str>) -> bool {
        let Some(credential) = credential.filter(|_| !self.ended.is_empty()) else { return false };
        self.ended.contains_key(&(app, Arc::from(credential)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.oldest_first.is_empty()
    }

    /// Forgets what ended longer ago than any valid authorisation was issued.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        let is_old =
            |ended: &Ended| self.ended.get(ended).is_none_or(|added| now.duration_since(*added) > self.lifetime * 2);
        let old = self.oldest_first.iter().take_while(|ended| is_old(ended)).count();
        for ended in self.oldest_first.drain(..old) {
            self.ended.remove(&ended);
        }
        self.ended.shrink_if_sparse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_credential_is_known_for_as_long_as_an_authorisation_and_in_its_app_alone() {
        let start = Instant::now();
        let mut ended = EndedCredentials::new(Duration::from_secs(60));
        assert!(ended.add(AppId::numbered(1), "session.1".into(), start));
        assert!(!ended.add(AppId::numbered(1), "session.1".into(), start), "it was known");
        assert!(ended.contain(AppId::numbered(1), Some("session.1")));
        assert!(!ended.contain(AppId::numbered(2), Some("session.1")));
        assert!(!ended.contain(AppId::numbered(1), Some("session.2")) && !ended.contain(AppId::numbered(1), None));
        assert!(ended.add(AppId::numbered(1), "token.1".into(), start + Duration::from_secs(121)));
        assert!(!ended.contain(AppId::numbered(1), Some("session.1")));
        ended.forget_old(start + Duration::from_secs(242));
        assert!(ended.is_empty() && ended.ended.is_empty());
    }
}
