//! The members of a presence channel: a user counts once, however many sockets there are.

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::pusher::PresenceMember;

use crate::broadcast::shrink::ShrinkSparse;

/// The members of one presence channel, each with the number of sockets here and of other nodes with any.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    people: IndexMap<String, Present>,
}

#[derive(Debug)]
struct Present {
    member: PresenceMember,
    local_sockets: usize,
    remote_nodes: usize,
}

/// What one socket's joining or leaving changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PresenceChange {
    /// It was the member's first or last socket on this node: other nodes are sent a delta.
    pub(crate) is_local: bool,
    /// The member has joined or left, on all nodes together: the others in the channel are told.
    pub(crate) is_global: bool,
    /// The member was there, and the application says something else of it now: the others are told.
    pub(crate) has_new_info: bool,
}

/// How a member was found who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberArrival {
    /// Nobody of this id was there.
    pub(crate) is_new: bool,
    /// The member was there, and the application says something else of it now.
    pub(crate) has_new_info: bool,
}

impl Roster {
    /// Adds a member's socket.
    pub(crate) fn join(&mut self, member: PresenceMember) -> PresenceChange {
        let (present, arrival) = self.present(member);
        present.local_sockets += 1;
        let is_local = present.local_sockets == 1;
        PresenceChange { is_local, is_global: arrival.is_new, has_new_info: arrival.has_new_info }
    }

    /// Removes a member's socket.
    pub(crate) fn leave(&mut self, user_id: &str) -> PresenceChange {
        let Some(present) = self.people.get_mut(user_id).filter(|present| present.local_sockets > 0) else {
            return PresenceChange::default();
        };
        present.local_sockets -= 1;
        let is_local = present.local_sockets == 0;
        PresenceChange { is_local, is_global: is_local && self.remove_if_gone(user_id).is_some(), has_new_info: false }
    }

    /// Notes that another node has sockets of a member.
    pub(crate) fn join_remote(&mut self, member: PresenceMember) -> MemberArrival {
        let (present, arrival) = self.present(member);
        present.remote_nodes += 1;
        arrival
    }

    /// Notes that another node has no sockets of a member any more. Returns the member when no node has.
    pub(crate) fn leave_remote(&mut self, user_id: &str) -> Option<PresenceMember> {
        let present = self.people.get_mut(user_id)?;
        present.remote_nodes = present.remote_nodes.saturating_sub(1);
        self.remove_if_gone(user_id)
    }

    /// Notes what the application says of a member now; true when it is something else.
    pub(crate) fn update(&mut self, member: PresenceMember) -> bool {
        let Some(present) = self.people.get_mut(&member.user_id) else { return false };
        let has_new_info = !present.member.has_same_info(&member);
        present.member = member;
        has_new_info
    }

    fn present(&mut self, member: PresenceMember) -> (&mut Present, MemberArrival) {
        match self.people.entry(member.user_id.clone()) {
            Entry::Occupied(present) => {
                let present = present.into_mut();
                let has_new_info = !present.member.has_same_info(&member);
                present.member = member;
                (present, MemberArrival { is_new: false, has_new_info })
            }
            Entry::Vacant(place) => {
                let present = place.insert(Present { member, local_sockets: 0, remote_nodes: 0 });
                (present, MemberArrival { is_new: true, has_new_info: false })
            }
        }
    }

    fn remove_if_gone(&mut self, user_id: &str) -> Option<PresenceMember> {
        self.people.get(user_id).filter(|present| present.local_sockets + present.remote_nodes == 0)?;
        let gone = self.people.swap_remove(user_id);
        self.people.shrink_if_sparse();
        gone.map(|present| present.member)
    }

    pub(crate) fn contains(&self, user_id: &str) -> bool {
        self.people.contains_key(user_id)
    }

    /// Whether a user has a socket here.
    pub(crate) fn is_here(&self, user_id: &str) -> bool {
        self.people.get(user_id).is_some_and(|present| present.local_sockets > 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &PresenceMember> {
        self.people.values().map(|present| &present.member)
    }

    /// The members who have a socket here.
    pub(crate) fn local_members(&self) -> impl Iterator<Item = &PresenceMember> {
        self.people.values().filter(|present| present.local_sockets > 0).map(|present| &present.member)
    }

    /// A member by user id.
    pub(crate) fn member(&self, user_id: &str) -> Option<&PresenceMember> {
        self.people.get(user_id).map(|present| &present.member)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn member(data: &str) -> PresenceMember {
        PresenceMember::parse(data).expect("valid")
    }

    const NOTHING: PresenceChange = PresenceChange { is_local: false, is_global: false, has_new_info: false };
    const HERE: PresenceChange = PresenceChange { is_local: true, ..NOTHING };
    const ANYWHERE: PresenceChange = PresenceChange { is_local: true, is_global: true, ..NOTHING };

    #[test]
    fn what_is_said_of_a_person_last_holds() {
        let mut roster = Roster::default();
        roster.join(member(r#"{"user_id":1,"user_info":{"n":"a"}}"#));
        let again = roster.join(member(r#"{"user_id":1,"user_info":{"n":"b"}}"#));
        assert_eq!(again, PresenceChange { has_new_info: true, ..NOTHING });
        assert_eq!(roster.join(member(r#"{"user_id":1,"user_info":{"n":"b"}}"#)), NOTHING);
        let info = roster.member("1").and_then(|member| member.user_info.as_deref()).map(RawValue::get);
        assert_eq!(info, Some(r#"{"n":"b"}"#));
    }

    #[test]
    fn a_person_comes_with_the_first_socket_and_goes_with_the_last() {
        let mut roster = Roster::default();
        assert_eq!(roster.join(member(r#"{"user_id":1}"#)), ANYWHERE);
        assert_eq!(roster.join(member(r#"{"user_id":"1"}"#)), NOTHING, "a number and its text are one person");
        assert_eq!(roster.len(), 1);
        assert_eq!(roster.leave("1"), NOTHING);
        assert_eq!(roster.leave("1"), ANYWHERE);
        assert_eq!(roster.leave("1"), NOTHING, "nobody leaves twice");
        assert_eq!(roster.len(), 0);
    }

    #[test]
    fn a_person_on_two_nodes_goes_with_the_last_of_both() {
        let mut roster = Roster::default();
        assert!(roster.join_remote(member(r#"{"user_id":1}"#)).is_new);
        assert_eq!(roster.join(member(r#"{"user_id":1}"#)), HERE);
        assert!(roster.leave_remote("1").is_none());
        assert!(!roster.join_remote(member(r#"{"user_id":1}"#)).is_new);
        assert_eq!((roster.leave("1"), roster.local_members().count()), (HERE, 0));
        assert!(roster.leave_remote("1").is_some());
        assert_eq!(roster.len(), 0);
    }
}
