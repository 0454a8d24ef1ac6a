//! Which hubs hold sockets of which channel, and who is present.

use std::collections::HashMap;

use crate::pusher::{ChannelKind, Member, SubscriptionRefusal};

use super::ChannelKey;
use super::mailbox::HubId;
use super::presence::Roster;

/// All channels that have a socket. A channel appears with its first socket and goes with its last.
#[derive(Debug, Default)]
pub(super) struct Channels {
    by_key: HashMap<ChannelKey, Channel>,
}

/// One channel that has a socket.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// Sockets by hub: few entries, so a list is faster than a map.
    hubs: Vec<(HubId, usize)>,
    /// Only in presence channels.
    roster: Roster,
    /// A cache channel's webhook hears of an empty cache once, not from each client.
    pub(super) is_miss_reported: bool,
}

/// What a socket's coming or going changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changed {
    /// The channel has its first socket, or has lost its last.
    pub(super) is_occupancy: bool,
    /// A person has come, or has gone.
    pub(super) is_presence: bool,
}

impl Channels {
    pub(super) fn get(&self, key: &ChannelKey) -> Option<&Channel> {
        self.by_key.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &ChannelKey) -> Option<&mut Channel> {
        self.by_key.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ChannelKey, &Channel)> {
        self.by_key.iter()
    }

    /// Counts a socket in. Refuses one person too many in a presence channel.
    pub(super) fn join(
        &mut self,
        key: &ChannelKey,
        hub: HubId,
        member: Option<&Member>,
        max_members: usize,
    ) -> Result<Changed, SubscriptionRefusal> {
        let member = member.filter(|_| key.name.kind() == ChannelKind::Presence);
        let roster = self.by_key.get(key).map(|channel| &channel.roster);
        if let (Some(member), Some(roster)) = (member, roster)
            && roster.len() >= max_members
            && !roster.contains(&member.user_id)
        {
            let error = format!("The channel has {max_members} members (HUBBUB_MAX_PRESENCE_MEMBERS).");
            return Err(SubscriptionRefusal::limit_reached(error));
        }
        let channel = self.by_key.entry(key.clone()).or_default();
        let is_occupancy = channel.hubs.is_empty();
        match channel.hubs.iter_mut().find(|(id, _)| *id == hub) {
            Some((_, sockets)) => *sockets += 1,
            None => channel.hubs.push((hub, 1)),
        }
        let is_presence = member.is_some_and(|member| channel.roster.join(member.clone()));
        Ok(Changed { is_occupancy, is_presence })
    }

    /// Counts a socket out.
    pub(super) fn leave(&mut self, key: &ChannelKey, hub: HubId, user_id: Option<&str>) -> Changed {
        let Some(channel) = self.by_key.get_mut(key) else { return Changed::default() };
        if let Some(place) = channel.hubs.iter().position(|(id, _)| *id == hub) {
            channel.hubs[place].1 -= 1;
            if channel.hubs[place].1 == 0 {
                channel.hubs.swap_remove(place);
            }
        }
        let is_presence = user_id.is_some_and(|user_id| channel.roster.leave(user_id));
        let is_occupancy = channel.hubs.is_empty();
        if is_occupancy {
            self.by_key.remove(key);
        }
        Changed { is_occupancy, is_presence }
    }
}

impl Channel {
    /// The hubs that hold sockets of the channel.
    pub(super) fn hubs(&self) -> impl Iterator<Item = HubId> {
        self.hubs.iter().map(|(hub, _)| *hub)
    }

    /// How many sockets are in the channel.
    pub(super) fn socket_count(&self) -> usize {
        self.hubs.iter().map(|(_, sockets)| sockets).sum()
    }

    /// The people in the channel.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.members()
    }

    /// How many people are in the channel.
    pub(super) fn member_count(&self) -> usize {
        self.roster.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    fn key(name: &str) -> ChannelKey {
        ChannelKey { app: AppId(1), name: ChannelName::parse(name).expect("valid") }
    }

    const SOCKET: Changed = Changed { is_occupancy: false, is_presence: false };
    const OCCUPANCY: Changed = Changed { is_occupancy: true, is_presence: false };

    #[test]
    fn a_channel_lives_as_long_as_it_has_a_socket() {
        let key = key("c");
        let mut channels = Channels::default();
        let joined = [0, 1, 1].map(|hub| channels.join(&key, HubId(hub), None, 10));
        assert_eq!(joined, [Ok(OCCUPANCY), Ok(SOCKET), Ok(SOCKET)]);
        assert_eq!(channels.get(&key).map(Channel::socket_count), Some(3));
        let hubs = |channels: &Channels| channels.get(&key).map(|channel| channel.hubs().collect::<Vec<_>>());
        assert_eq!(hubs(&channels), Some(vec![HubId(0), HubId(1)]));
        assert_eq!([1, 0].map(|hub| channels.leave(&key, HubId(hub), None)), [SOCKET, SOCKET]);
        assert_eq!(hubs(&channels), Some(vec![HubId(1)]));
        assert_eq!(channels.leave(&key, HubId(1), None), OCCUPANCY);
        assert_eq!(hubs(&channels), None);
    }

    #[test]
    fn one_person_too_many_is_refused_but_another_tab_is_not() {
        let key = key("presence-c");
        let member = |id: u32| Member::parse(&format!(r#"{{"user_id":{id}}}"#)).expect("valid");
        let mut channels = Channels::default();
        let first = channels.join(&key, HubId(0), Some(&member(1)), 1);
        assert_eq!(first, Ok(Changed { is_occupancy: true, is_presence: true }));
        assert_eq!(channels.join(&key, HubId(0), Some(&member(1)), 1), Ok(SOCKET));
        let refusal = channels.join(&key, HubId(0), Some(&member(2)), 1).expect_err("full");
        assert!(refusal.error.contains("HUBBUB_MAX_PRESENCE_MEMBERS"), "{}", refusal.error);
    }

    #[test]
    fn two_apps_may_use_the_same_name() {
        let other = ChannelKey { app: AppId(2), ..key("c") };
        let mut channels = Channels::default();
        assert_eq!(channels.join(&key("c"), HubId(0), None, 10), Ok(OCCUPANCY));
        assert!(channels.get(&other).is_none());
    }
}
