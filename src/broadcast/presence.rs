//! Who is in a presence channel: people, not tabs.

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::pusher::Member;

/// The people in one presence channel, each with the number of their sockets.
#[derive(Debug, Default)]
pub(super) struct Roster {
    people: IndexMap<String, Present>,
}

#[derive(Debug)]
struct Present {
    member: Member,
    sockets: usize,
}

impl Roster {
    /// Adds a socket of somebody; true when it is the person's first, and the others should hear of it.
    pub(super) fn join(&mut self, member: Member) -> bool {
        match self.people.entry(member.user_id.clone()) {
            Entry::Occupied(mut present) => {
                present.get_mut().sockets += 1;
                false
            }
            Entry::Vacant(place) => {
                place.insert(Present { member, sockets: 1 });
                true
            }
        }
    }

    /// Removes a socket of somebody; true when it was the person's last, and the others should hear of it.
    pub(super) fn leave(&mut self, user_id: &str) -> bool {
        let Some(present) = self.people.get_mut(user_id) else { return false };
        present.sockets -= 1;
        if present.sockets == 0 {
            self.people.swap_remove(user_id);
            return true;
        }
        false
    }

    pub(super) fn contains(&self, user_id: &str) -> bool {
        self.people.contains_key(user_id)
    }

    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.people.values().map(|present| &present.member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_comes_with_the_first_socket_and_goes_with_the_last() {
        let member = |data| Member::parse(data).expect("valid");
        let mut roster = Roster::default();
        assert!(roster.join(member(r#"{"user_id":1}"#)));
        assert!(!roster.join(member(r#"{"user_id":"1"}"#)), "a number and its text are one person");
        assert_eq!(roster.len(), 1);
        assert!(!roster.leave("1"));
        assert!(roster.leave("1"));
        assert!(!roster.leave("1"), "nobody leaves twice");
        assert_eq!(roster.len(), 0);
    }
}
