//! Which hubs hold sockets of which channel, and who is present.

use std::collections::HashMap;

use crate::pusher::{ChannelKind, ChannelName, Member, SubscriptionRefusal};

use super::mailbox::HubId;
use super::presence::Roster;

/// All channels that have a socket. A channel appears with its first socket and goes with its last.
#[derive(Debug)]
pub(super) struct Channels {
    by_name: HashMap<ChannelName, Channel>,
    max_presence_members: usize,
}

/// One channel that has a socket.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// Sockets by hub: few entries, so a list is faster than a map.
    hubs: Vec<(HubId, usize)>,
    /// Only in presence channels.
    roster: Roster,
}

impl Channels {
    pub(super) fn new(max_presence_members: usize) -> Self {
        Self { by_name: HashMap::new(), max_presence_members }
    }

    pub(super) fn get(&self, name: &ChannelName) -> Option<&Channel> {
        self.by_name.get(name)
    }

    /// Counts a socket in. `Ok(true)`: its user is new in this presence channel.
    pub(super) fn join(
        &mut self,
        name: &ChannelName,
        hub: HubId,
        member: Option<&Member>,
    ) -> Result<bool, SubscriptionRefusal> {
        let max_members = self.max_presence_members;
        let member = member.filter(|_| name.kind() == ChannelKind::Presence);
        let roster = self.by_name.get(name).map(|channel| &channel.roster);
        if let (Some(member), Some(roster)) = (member, roster)
            && roster.len() >= max_members
            && !roster.contains(&member.user_id)
        {
            let error = format!("The channel has {max_members} members (HUBBUB_MAX_PRESENCE_MEMBERS).");
            return Err(SubscriptionRefusal::limit_reached(error));
        }
        let channel = self.by_name.entry(name.clone()).or_default();
        match channel.hubs.iter_mut().find(|(id, _)| *id == hub) {
            Some((_, sockets)) => *sockets += 1,
            None => channel.hubs.push((hub, 1)),
        }
        Ok(member.is_some_and(|member| channel.roster.join(member.clone())))
    }

    /// Counts a socket out. True: its user has left this presence channel.
    pub(super) fn leave(&mut self, name: &ChannelName, hub: HubId, user_id: Option<&str>) -> bool {
        let Some(channel) = self.by_name.get_mut(name) else { return false };
        if let Some(place) = channel.hubs.iter().position(|(id, _)| *id == hub) {
            channel.hubs[place].1 -= 1;
            if channel.hubs[place].1 == 0 {
                channel.hubs.swap_remove(place);
            }
        }
        let has_gone = user_id.is_some_and(|user_id| channel.roster.leave(user_id));
        if channel.hubs.is_empty() {
            self.by_name.remove(name);
        }
        has_gone
    }
}

impl Channel {
    /// The hubs that hold sockets of the channel.
    pub(super) fn hubs(&self) -> impl Iterator<Item = HubId> {
        self.hubs.iter().map(|(hub, _)| *hub)
    }

    /// The people in the channel.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.members()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_lives_as_long_as_it_has_a_socket() {
        let name = ChannelName::parse("c").expect("valid");
        let mut channels = Channels::new(10);
        let _ = channels.join(&name, HubId(0), None);
        let _ = channels.join(&name, HubId(1), None);
        let _ = channels.join(&name, HubId(1), None);
        let hubs = |channels: &Channels| channels.get(&name).map(|channel| channel.hubs().collect::<Vec<_>>());
        assert_eq!(hubs(&channels), Some(vec![HubId(0), HubId(1)]));
        channels.leave(&name, HubId(1), None);
        channels.leave(&name, HubId(0), None);
        assert_eq!(hubs(&channels), Some(vec![HubId(1)]));
        channels.leave(&name, HubId(1), None);
        assert_eq!(hubs(&channels), None);
    }

    #[test]
    fn one_person_too_many_is_refused_but_another_tab_is_not() {
        let name = ChannelName::parse("presence-c").expect("valid");
        let member = |id: u32| Member::parse(&format!(r#"{{"user_id":{id}}}"#)).expect("valid");
        let mut channels = Channels::new(1);
        assert_eq!(channels.join(&name, HubId(0), Some(&member(1))), Ok(true));
        assert_eq!(channels.join(&name, HubId(0), Some(&member(1))), Ok(false));
        let refusal = channels.join(&name, HubId(0), Some(&member(2))).expect_err("full");
        assert!(refusal.error.contains("HUBBUB_MAX_PRESENCE_MEMBERS"), "{}", refusal.error);
    }
}
