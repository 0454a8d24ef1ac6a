//! Who is in a presence channel: people, not tabs.

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::pusher::PresenceMember;

use crate::broadcast::shrink::Thrift;

/// The people in one presence channel, each with the number of their sockets here and of the other nodes that have any.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    people: IndexMap<String, Present>,
}

#[derive(Debug)]
struct Present {
    member: PresenceMember,
    sockets_here: usize,
    nodes_elsewhere: usize,
}

/// What one socket's or one node's coming or going means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Turn {
    /// This node has the person's first socket, or has lost the last: the other nodes should hear of it.
    pub(crate) is_here: bool,
    /// The person has come, or has gone: the others in the channel should hear of it.
    pub(crate) is_anywhere: bool,
}

impl Roster {
    /// Adds a socket of somebody.
    pub(crate) fn join(&mut self, member: PresenceMember) -> Turn {
        let (present, is_anywhere) = self.present(member);
        present.sockets_here += 1;
        Turn { is_here: present.sockets_here == 1, is_anywhere }
    }

    /// Removes a socket of somebody.
    pub(crate) fn leave(&mut self, user_id: &str) -> Turn {
        let Some(present) = self.people.get_mut(user_id).filter(|present| present.sockets_here > 0) else {
            return Turn::default();
        };
        present.sockets_here -= 1;
        let is_here = present.sockets_here == 0;
        Turn { is_here, is_anywhere: is_here && self.remove_if_gone(user_id) }
    }

    /// Another node has sockets of somebody; true when the person was not there before.
    pub(crate) fn join_elsewhere(&mut self, member: PresenceMember) -> bool {
        let (present, is_new) = self.present(member);
        present.nodes_elsewhere += 1;
        is_new
    }

    /// Another node has no sockets of somebody any more; true when nobody has.
    pub(crate) fn leave_elsewhere(&mut self, user_id: &str) -> bool {
        let Some(present) = self.people.get_mut(user_id) else { return false };
        present.nodes_elsewhere = present.nodes_elsewhere.saturating_sub(1);
        self.remove_if_gone(user_id)
    }

    fn present(&mut self, member: PresenceMember) -> (&mut Present, bool) {
        match self.people.entry(member.user_id.clone()) {
            Entry::Occupied(present) => (present.into_mut(), false),
            Entry::Vacant(place) => (place.insert(Present { member, sockets_here: 0, nodes_elsewhere: 0 }), true),
        }
    }

    fn remove_if_gone(&mut self, user_id: &str) -> bool {
        let is_gone =
            self.people.get(user_id).is_some_and(|present| present.sockets_here + present.nodes_elsewhere == 0);
        if is_gone {
            self.people.swap_remove(user_id);
            self.people.give_room_back();
        }
        is_gone
    }

    pub(crate) fn contains(&self, user_id: &str) -> bool {
        self.people.contains_key(user_id)
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &PresenceMember> {
        self.people.values().map(|present| &present.member)
    }

    /// Those who have a socket here.
    pub(crate) fn members_here(&self) -> impl Iterator<Item = &PresenceMember> {
        self.people.values().filter(|present| present.sockets_here > 0).map(|present| &present.member)
    }

    /// Somebody who is there.
    pub(crate) fn member(&self, user_id: &str) -> Option<&PresenceMember> {
        self.people.get(user_id).map(|present| &present.member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(data: &str) -> PresenceMember {
        PresenceMember::parse(data).expect("valid")
    }

    const NOTHING: Turn = Turn { is_here: false, is_anywhere: false };
    const HERE: Turn = Turn { is_here: true, is_anywhere: false };
    const ANYWHERE: Turn = Turn { is_here: true, is_anywhere: true };

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
        assert!(roster.join_elsewhere(member(r#"{"user_id":1}"#)));
        assert_eq!(roster.join(member(r#"{"user_id":1}"#)), HERE);
        assert!(!roster.leave_elsewhere("1"));
        assert!(!roster.join_elsewhere(member(r#"{"user_id":1}"#)));
        assert_eq!((roster.leave("1"), roster.members_here().count()), (HERE, 0));
        assert!(roster.leave_elsewhere("1"));
        assert_eq!(roster.len(), 0);
    }
}
