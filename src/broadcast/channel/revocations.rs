//! Revoked rights, kept as long as an authorisation that was issued before could still be used.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::Timestamp;
use crate::pusher::PresenceMember;

use crate::broadcast::ChannelKey;
use crate::broadcast::shrink::ShrinkSparse;

type Holder = (ChannelKey, Arc<str>);

/// Revocations: a client may have a signature that was issued just before one, and use it just after.
#[derive(Debug)]
pub(crate) struct Revocations {
    /// How long an authorisation may be used after it was issued; older ones are refused anyway.
    lifetime: Duration,
    revoked: HashMap<Holder, Revoked>,
    oldest_first: VecDeque<(Instant, Holder)>,
}

#[derive(Debug, Clone, Copy)]
struct Revoked {
    at: Timestamp,
    /// Identifies its entry in the queue: a later revocation of the same right has a later time.
    added: Instant,
}

impl Revocations {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, revoked: HashMap::new(), oldest_first: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, channel: ChannelKey, user_id: Arc<str>, revoked_at: Timestamp, now: Instant) {
        self.forget_old(now);
        let holder = (channel, user_id);
        self.oldest_first.push_back((now, holder.clone()));
        self.revoked.insert(holder, Revoked { at: revoked_at, added: now });
    }

    /// Whether the member's authorisation was issued before the right was revoked.
    pub(crate) fn cover(&self, channel: &ChannelKey, member: &PresenceMember) -> bool {
        if self.revoked.is_empty() {
            return false;
        }
        let holder = (channel.clone(), Arc::from(member.user_id.as_str()));
        let Some(revoked) = self.revoked.get(&holder) else { return false };
        member.issued_at.is_none_or(|issued_at| issued_at <= revoked.at.unix_millis())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.oldest_first.is_empty()
    }

    /// Forgets revocations that are older than any valid authorisation.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        while let Some((added, holder)) = self.oldest_first.front()
            && now.duration_since(*added) > self.lifetime * 2
        {
            if self.revoked.get(holder).is_some_and(|revoked| revoked.added == *added) {
                self.revoked.remove(holder);
            }
            self.oldest_first.pop_front();
        }
        self.revoked.shrink_if_sparse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    fn channel(name: &str) -> ChannelKey {
        ChannelKey { app: AppId::numbered(1), name: ChannelName::parse(name).expect("valid") }
    }

    fn member(issued_at: i64) -> PresenceMember {
        PresenceMember::parse(&format!(r#"{{"user_id":"1","issued_at":{issued_at}}}"#)).expect("valid")
    }

    #[test]
    fn an_authorisation_from_before_the_removal_is_void_and_one_from_after_an_invitation_is_not() {
        let channel = channel("private-room.1");
        let mut revocations = Revocations::new(Duration::from_secs(60));
        revocations.add(channel.clone(), "1".into(), Timestamp(5_000_000), Instant::now());
        assert!(revocations.cover(&channel, &member(4_999)));
        assert!(revocations.cover(&channel, &member(5_000)));
        assert!(!revocations.cover(&channel, &member(5_001)));
        let other_app = ChannelKey { app: AppId::numbered(2), ..channel };
        assert!(!revocations.cover(&other_app, &member(4_999)));
    }

    #[test]
    fn revocations_are_forgotten_when_no_authorisation_can_be_that_old() {
        let start = Instant::now();
        let mut revocations = Revocations::new(Duration::from_secs(60));
        revocations.add(channel("a"), "1".into(), Timestamp(0), start);
        revocations.add(channel("a"), "1".into(), Timestamp(1), start + Duration::from_secs(100));
        revocations.add(channel("b"), "1".into(), Timestamp(2), start + Duration::from_secs(130));
        assert_eq!((revocations.revoked.len(), revocations.oldest_first.len()), (2, 2));
        revocations.add(channel("c"), "1".into(), Timestamp(3), start + Duration::from_secs(400));
        assert_eq!((revocations.revoked.len(), revocations.oldest_first.len()), (1, 1));
        revocations.forget_old(start + Duration::from_secs(521));
        assert!(revocations.is_empty() && revocations.revoked.is_empty());
    }
}
