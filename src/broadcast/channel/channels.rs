//! The channels that have sockets: their hubs, their members and other nodes' shares.

use std::collections::HashMap;
use std::time::Instant;

use crate::bus::{ChannelDelta, NodeId, NodeShare};
use crate::pusher::{ChannelKind, PresenceMember, SubscriptionRefusal};

use super::presence::{PresenceChange, Roster};
use super::remote::{DeltaOutcome, PresenceDiff, RemoteNodes};
use crate::broadcast::ChannelKey;
use crate::broadcast::actor::HubId;
use crate::broadcast::shrink::ShrinkSparse;

/// All channels that have a socket here. A channel is added with its first socket and removed with its last.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    by_key: HashMap<ChannelKey, Channel>,
}

/// One channel that has a socket.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// Sockets by hub: few entries, so a list is faster than a map.
    hubs: Vec<(HubId, usize)>,
    /// Only in presence channels.
    roster: Roster,
    /// Other nodes' shares; empty in a process without other nodes.
    remote: RemoteNodes,
    /// The stamp of the last delta that was sent to other nodes; 0 before the first.
    pub(crate) stamp: u64,
    /// When the next digest is sent.
    pub(crate) next_digest: Option<Instant>,
    /// Whether `cache_miss` was sent to webhooks: once for an empty cache, not for each subscriber.
    pub(crate) is_miss_reported: bool,
}

/// What one socket's subscription, or its end, changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ChannelChange {
    /// The channel has its first socket here, or has lost its last.
    pub(crate) is_occupancy: bool,
    /// Whether a member has joined or left.
    pub(crate) presence: PresenceChange,
    /// The sockets that the channel has here now.
    pub(crate) local_sockets: usize,
    /// Those that it has on other nodes.
    pub(crate) remote_sockets: usize,
    /// The channel's stamp before.
    pub(crate) stamp: u64,
}

impl Channels {
    pub(crate) fn get(&self, key: &ChannelKey) -> Option<&Channel> {
        self.by_key.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &ChannelKey) -> Option<&mut Channel> {
        self.by_key.get_mut(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ChannelKey, &Channel)> {
        self.by_key.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&ChannelKey, &mut Channel)> {
        self.by_key.iter_mut()
    }

    /// Adds other nodes' shares of a channel before its first socket joins.
    pub(crate) fn prepare(&mut self, key: &ChannelKey, parts: impl IntoIterator<Item = NodeShare>) {
        let channel = self.by_key.entry(key.clone()).or_default();
        for part in parts {
            channel.replace(part);
        }
    }

    /// Removes a channel that no socket has joined; true when there was one.
    pub(crate) fn forget_if_empty(&mut self, key: &ChannelKey) -> bool {
        let is_empty = self.by_key.get(key).is_some_and(|channel| channel.hubs.is_empty());
        if is_empty {
            self.by_key.remove(key);
            self.by_key.shrink_if_sparse();
        }
        is_empty
    }

    /// Adds a socket.
    ///
    /// # Errors
    /// A [`SubscriptionRefusal`] when a presence channel has its maximum of members.
    pub(crate) fn join(
        &mut self,
        key: &ChannelKey,
        hub: HubId,
        member: Option<&PresenceMember>,
        max_members: usize,
    ) -> Result<ChannelChange, SubscriptionRefusal> {
        let member = member.filter(|_| key.name.kind() == ChannelKind::Presence);
        let roster = self.by_key.get(key).map(|channel| &channel.roster);
        if let (Some(member), Some(roster)) = (member, roster)
            && roster.len() >= max_members
            && !roster.contains(&member.user_id)
        {
            let error = format!("The channel has {max_members} members (HUBBUB_MAX_PRESENCE_MEMBERS).");
            return Err(SubscriptionRefusal::limit_reached("channel_full", error));
        }
        let channel = self.by_key.entry(key.clone()).or_default();
        let is_occupancy = channel.hubs.is_empty();
        match channel.hubs.iter_mut().find(|(id, _)| *id == hub) {
            Some((_, sockets)) => *sockets += 1,
            None => channel.hubs.push((hub, 1)),
        }
        let presence = member.map(|member| channel.roster.join(member.clone())).unwrap_or_default();
        Ok(channel.changed(is_occupancy, presence))
    }

    /// Removes a socket.
    pub(crate) fn leave(&mut self, key: &ChannelKey, hub: HubId, user_id: Option<&str>) -> ChannelChange {
        let Some(channel) = self.by_key.get_mut(key) else { return ChannelChange::default() };
        if let Some(place) = channel.hubs.iter().position(|(id, _)| *id == hub) {
            channel.hubs[place].1 -= 1;
            if channel.hubs[place].1 == 0 {
                channel.hubs.swap_remove(place);
            }
        }
        let presence = user_id.map(|user_id| channel.roster.leave(user_id)).unwrap_or_default();
        let changed = channel.changed(channel.hubs.is_empty(), presence);
        if changed.is_occupancy {
            self.by_key.remove(key);
            self.by_key.shrink_if_sparse();
        }
        changed
    }
}

impl Channel {
    /// The hubs that hold sockets of the channel.
    pub(crate) fn hubs(&self) -> impl Iterator<Item = HubId> {
        self.hubs.iter().map(|(hub, _)| *hub)
    }

    /// How many sockets are in the channel here.
    pub(crate) fn socket_count(&self) -> usize {
        self.hubs.iter().map(|(_, sockets)| sockets).sum()
    }

    /// How many sockets are in the channel, on all nodes.
    pub(crate) fn global_socket_count(&self) -> usize {
        self.socket_count() + self.remote.sockets()
    }

    /// Whether this node tells webhooks what concerns the channel on all nodes: of those that have sockets it is the one with
    /// the smallest id.
    pub(crate) fn is_reported_by(&self, this_node: NodeId) -> bool {
        !self.remote.has_smaller(this_node)
    }

    fn changed(&self, is_occupancy: bool, presence: PresenceChange) -> ChannelChange {
        let (local_sockets, remote_sockets) = (self.socket_count(), self.remote.sockets());
        ChannelChange { is_occupancy, presence, local_sockets, remote_sockets, stamp: self.stamp }
    }

    /// Whether a member of the channel has a socket here.
    pub(crate) fn has_member_here(&self, user_id: &str) -> bool {
        self.roster.is_here(user_id)
    }

    /// This node's share.
    pub(crate) fn own_share(&self, owner: NodeId) -> NodeShare {
        let members = self.roster.local_members().cloned().collect();
        NodeShare { owner, stamp: self.stamp, sockets: self.socket_count(), members }
    }

    /// The other nodes' shares.
    pub(crate) fn remote_shares(&self) -> impl Iterator<Item = NodeShare> {
        self.remote.parts(&self.roster)
    }

    /// The stamp of another node's last known delta.
    pub(crate) fn stamp_of(&self, node: NodeId) -> u64 {
        self.remote.stamp_of(node)
    }

    /// Applies another node's delta.
    pub(crate) fn apply(&mut self, node: NodeId, change: ChannelDelta) -> DeltaOutcome {
        self.remote.apply(node, change, &mut self.roster)
    }

    /// Replaces another node's share.
    pub(crate) fn replace(&mut self, part: NodeShare) -> PresenceDiff {
        self.remote.replace(part, &mut self.roster)
    }

    /// Removes another node.
    pub(crate) fn remove_node(&mut self, node: NodeId) -> PresenceDiff {
        self.remote.remove(node, &mut self.roster)
    }

    /// A member by user id.
    pub(crate) fn member(&self, user_id: &str) -> Option<&PresenceMember> {
        self.roster.member(user_id)
    }

    /// The members of the channel.
    pub(crate) fn members(&self) -> impl Iterator<Item = &PresenceMember> {
        self.roster.members()
    }

    /// The number of members.
    pub(crate) fn member_count(&self) -> usize {
        self.roster.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    fn key(name: &str) -> ChannelKey {
        ChannelKey { app: AppId::numbered(1), name: ChannelName::parse(name).expect("valid") }
    }

    /// Whether the first or last socket, and the first or last of a person.
    fn what(changed: ChannelChange) -> (bool, bool) {
        (changed.is_occupancy, changed.presence.is_global)
    }

    #[test]
    fn a_channel_lives_as_long_as_it_has_a_socket() {
        let key = key("c");
        let mut channels = Channels::default();
        let joined = [0, 1, 1].map(|hub| channels.join(&key, HubId(hub), None, 10).map(what));
        assert_eq!(joined, [Ok((true, false)), Ok((false, false)), Ok((false, false))]);
        assert_eq!(channels.get(&key).map(Channel::socket_count), Some(3));
        let hubs = |channels: &Channels| channels.get(&key).map(|channel| channel.hubs().collect::<Vec<_>>());
        assert_eq!(hubs(&channels), Some(vec![HubId(0), HubId(1)]));
        assert_eq!([1, 0].map(|hub| channels.leave(&key, HubId(hub), None).is_occupancy), [false, false]);
        assert_eq!(hubs(&channels), Some(vec![HubId(1)]));
        assert!(channels.leave(&key, HubId(1), None).is_occupancy);
        assert_eq!(hubs(&channels), None);
    }

    #[test]
    fn one_person_too_many_is_refused_but_another_tab_is_not() {
        let key = key("presence-c");
        let member = |id: u32| PresenceMember::parse(&format!(r#"{{"user_id":{id}}}"#)).expect("valid");
        let mut channels = Channels::default();
        let first = channels.join(&key, HubId(0), Some(&member(1)), 1);
        assert_eq!(first.map(what), Ok((true, true)));
        assert_eq!(channels.join(&key, HubId(0), Some(&member(1)), 1).map(what), Ok((false, false)));
        let refusal = channels.join(&key, HubId(0), Some(&member(2)), 1).expect_err("full");
        assert!(refusal.error.contains("HUBBUB_MAX_PRESENCE_MEMBERS"), "{}", refusal.error);
    }

    #[test]
    fn two_apps_may_use_the_same_name() {
        let other = ChannelKey { app: AppId::numbered(2), ..key("c") };
        let mut channels = Channels::default();
        assert_eq!(channels.join(&key("c"), HubId(0), None, 10).map(what), Ok((true, false)));
        assert!(channels.get(&other).is_none());
    }
}
