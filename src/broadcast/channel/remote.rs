//! Other nodes' shares of a channel, as far as they are known here.

use std::collections::{HashMap, HashSet};

use crate::bus::{ChannelDelta, NodeId, NodeShare};
use crate::pusher::PresenceMember;

use super::presence::Roster;

/// Other nodes' shares of a channel.
#[derive(Debug, Default)]
pub(crate) struct RemoteNodes {
    parts: HashMap<NodeId, RemoteShare>,
}

#[derive(Debug, Default)]
struct RemoteShare {
    stamp: u64,
    sockets: usize,
    members: HashSet<String>,
}

/// Who has joined and left the channel, on all nodes together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PresenceDiff {
    pub(crate) joined: Vec<String>,
    pub(crate) left: Vec<LeftMember>,
    /// Those who were there, and of whom the application says something else now.
    pub(crate) changed: Vec<String>,
}

/// A member who has left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LeftMember {
    pub(crate) user_id: String,
    pub(crate) is_number: bool,
}

/// What came of applying a delta.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DeltaOutcome {
    /// It was applied; these people have joined or left.
    Applied(PresenceDiff),
    /// It was applied before.
    Duplicate,
    /// A delta before it was missed: its owner must be asked for its whole share.
    Gap,
}

impl RemoteNodes {
    /// Sockets of other nodes.
    pub(crate) fn sockets(&self) -> usize {
        self.parts.values().map(|part| part.sockets).sum()
    }

    /// Whether a node whose id is smaller has sockets.
    pub(crate) fn has_smaller(&self, node: NodeId) -> bool {
        self.parts.iter().any(|(owner, part)| *owner < node && part.sockets > 0)
    }

    /// The stamp of a node's last known delta; 0 when nothing is known of it.
    pub(crate) fn stamp_of(&self, node: NodeId) -> u64 {
        self.parts.get(&node).map_or(0, |part| part.stamp)
    }

    /// Every share, its members looked up in the roster.
    pub(crate) fn parts<'a>(&'a self, roster: &'a Roster) -> impl Iterator<Item = NodeShare> + 'a {
        self.parts.iter().map(|(owner, part)| NodeShare {
            owner: *owner,
            stamp: part.stamp,
            sockets: part.sockets,
            members: part.members.iter().filter_map(|user_id| roster.member(user_id)).cloned().collect(),
        })
    }

    /// Applies a node's delta.
    pub(crate) fn apply(&mut self, node: NodeId, change: ChannelDelta, roster: &mut Roster) -> DeltaOutcome {
        let known = self.stamp_of(node);
        if change.stamp <= known {
            return DeltaOutcome::Duplicate;
        }
        if change.before != known && change.before != 0 {
            return DeltaOutcome::Gap;
        }
        // A node that begins anew has left what was known of it.
        let mut diff = if change.before == 0 { self.remove(node, roster) } else { PresenceDiff::default() };
        let part = self.parts.entry(node).or_default();
        (part.stamp, part.sockets) = (change.stamp, change.sockets);
        for member in change.joined {
            if part.members.insert(member.user_id.clone()) {
                diff.join(member, roster);
            } else {
                diff.update(member, roster);
            }
        }
        for user_id in change.left {
            if part.members.remove(&user_id) {
                diff.leave(user_id, roster);
            }
        }
        self.forget_if_empty(node);
        DeltaOutcome::Applied(diff)
    }

    /// Replaces a node's share, when the new one is not older than what is known.
    pub(crate) fn replace(&mut self, part: NodeShare, roster: &mut Roster) -> PresenceDiff {
        let NodeShare { owner, stamp, sockets, members } = part;
        let mut diff = PresenceDiff::default();
        if stamp < self.stamp_of(owner) {
            return diff;
        }
        let known = self.parts.entry(owner).or_default();
        (known.stamp, known.sockets) = (stamp, sockets);
        let mut gone = std::mem::take(&mut known.members);
        for member in members {
            let is_known = gone.remove(&member.user_id);
            known.members.insert(member.user_id.clone());
            if !is_known {
                diff.join(member, roster);
            }
        }
        gone.into_iter().for_each(|user_id| diff.leave(user_id, roster));
        self.forget_if_empty(owner);
        diff
    }

    /// Removes a node and the members who were present through it.
    pub(crate) fn remove(&mut self, node: NodeId, roster: &mut Roster) -> PresenceDiff {
        let mut diff = PresenceDiff::default();
        for user_id in self.parts.remove(&node).into_iter().flat_map(|part| part.members) {
            diff.leave(user_id, roster);
        }
        diff
    }

    fn forget_if_empty(&mut self, node: NodeId) {
        if self.parts.get(&node).is_some_and(|part| part.sockets == 0 && part.members.is_empty()) {
            self.parts.remove(&node);
        }
    }
}

impl PresenceDiff {
    fn join(&mut self, member: PresenceMember, roster: &mut Roster) {
        let user_id = member.user_id.clone();
        let arrival = roster.join_remote(member);
        if arrival.has_new_info {
            self.changed.push(user_id);
        } else if arrival.is_new && !take(&mut self.left, |left| left.user_id == user_id) {
            self.joined.push(user_id);
        }
    }

    fn update(&mut self, member: PresenceMember, roster: &mut Roster) {
        let user_id = member.user_id.clone();
        if roster.update(member) {
            self.changed.push(user_id);
        }
    }

    fn leave(&mut self, user_id: String, roster: &mut Roster) {
        if let Some(PresenceMember { is_number, .. }) = roster.leave_remote(&user_id)
            && !take(&mut self.joined, |joined| *joined == user_id)
        {
            self.left.push(LeftMember { user_id, is_number });
        }
    }
}

/// Cancels a leave against a join of the same user in one diff.
fn take<T>(users: &mut Vec<T>, is_wanted: impl Fn(&T) -> bool) -> bool {
    let place = users.iter().position(is_wanted);
    place.map(|place| users.swap_remove(place)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelKey, ChannelName};

    fn member(id: &str) -> PresenceMember {
        PresenceMember::parse(&format!(r#"{{"user_id":"{id}"}}"#)).expect("valid")
    }

    fn change(before: u64, stamp: u64, joined: &[&str], left: &[&str]) -> ChannelDelta {
        let channel = ChannelKey { app: AppId::numbered(1), name: ChannelName::parse("presence-c").expect("valid") };
        let joined = joined.iter().map(|id| member(id)).collect();
        let left = left.iter().map(|&id| id.to_owned()).collect();
        ChannelDelta { channel, before, stamp, joined, left, sockets: 1 }
    }

    fn moved(joined: &[&str], left: &[&str]) -> PresenceDiff {
        let left = left.iter().map(|&id| LeftMember { user_id: id.to_owned(), is_number: false }).collect();
        PresenceDiff { joined: joined.iter().map(|&id| id.to_owned()).collect(), left, changed: Vec::new() }
    }

    #[test]
    fn changes_apply_in_order_once_and_a_gap_is_noticed() {
        let (node, mut roster, mut remote) = (NodeId::random(), Roster::default(), RemoteNodes::default());
        let mut apply = |change| remote.apply(node, change, &mut roster);
        assert_eq!(apply(change(5, 7, &["a"], &[])), DeltaOutcome::Gap, "nothing is known of the node");
        assert_eq!(apply(change(0, 8, &["a"], &[])), DeltaOutcome::Applied(moved(&["a"], &[])));
        assert_eq!(apply(change(0, 8, &["a"], &[])), DeltaOutcome::Duplicate);
        assert_eq!(apply(change(9, 10, &["c"], &[])), DeltaOutcome::Gap);
        assert_eq!(apply(change(8, 9, &["b"], &["a"])), DeltaOutcome::Applied(moved(&["b"], &["a"])));
        assert_eq!(
            apply(change(0, 12, &["b"], &[])),
            DeltaOutcome::Applied(moved(&[], &[])),
            "begun anew, with the same"
        );
    }

    #[test]
    fn somebody_on_two_nodes_leaves_with_the_second() {
        let (one, two) = (NodeId::random(), NodeId::random());
        let (mut roster, mut remote) = (Roster::default(), RemoteNodes::default());
        let part = |owner, stamp, ids: &[&str]| NodeShare {
            owner,
            stamp,
            sockets: ids.len(),
            members: ids.iter().map(|id| member(id)).collect(),
        };
        assert_eq!(remote.replace(part(one, 3, &["a", "b"]), &mut roster).joined.len(), 2);
        assert_eq!(remote.replace(part(two, 3, &["a"]), &mut roster), moved(&[], &[]));
        assert_eq!(remote.replace(part(one, 2, &[]), &mut roster), moved(&[], &[]), "older than what is known");
        assert_eq!(remote.remove(one, &mut roster), moved(&[], &["b"]));
        assert_eq!((remote.sockets(), roster.len()), (1, 1));
        assert_eq!(remote.replace(part(two, 4, &[]), &mut roster), moved(&[], &["a"]));
        assert!(remote.parts.is_empty() && roster.len() == 0);
    }
}
