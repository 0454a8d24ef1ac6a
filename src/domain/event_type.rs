//! The names of events, as webhooks choose among them.

use serde::{Serialize, Serializer};

use super::InvalidField;
use super::Refusal;

/// The name of a [`RoomEventKind`](super::RoomEventKind).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(&'static str);

impl EventType {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self("room.created"),
        Self("room.changed"),
        Self("message.posted"),
        Self("message.edited"),
        Self("message.deleted"),
        Self("member.joined"),
        Self("member.removed"),
        Self("document.created"),
        Self("document.changed"),
    ];

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.0 == name)
    }

    /// Parses the list that somebody sent: each once, at least one.
    ///
    /// # Errors
    /// `invalid_event_types`.
    pub fn parse_list(names: &[String]) -> Result<Vec<Self>, InvalidField> {
        let refuse = |detail: String| InvalidField::new("events", Refusal::InvalidEventTypes, detail);
        let mut types = Vec::new();
        for name in names {
            let event_type = Self::from_name(name);
            types.push(event_type.ok_or_else(|| refuse(format!("There is no event {name:?}. {}", Self::choice())))?);
        }
        types.sort_unstable();
        types.dedup();
        if types.is_empty() {
            return Err(refuse(format!("Name at least one event. {}", Self::choice())));
        }
        Ok(types)
    }

    fn choice() -> String {
        format!("There are {}.", Self::ALL.map(Self::name).join(", "))
    }

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(names: &[&str]) -> Result<Vec<EventType>, InvalidField> {
        EventType::parse_list(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_list_of_types_has_each_once() {
        let types = parse(&["message.posted", "member.joined", "message.posted"]).expect("valid");
        assert_eq!(types.into_iter().map(EventType::name).collect::<Vec<_>>(), ["member.joined", "message.posted"]);
    }

    #[test]
    fn an_unknown_type_and_an_empty_list_are_refused_with_the_choice() {
        for names in [&["message.*"][..], &[]] {
            let refused = parse(names).expect_err("invalid");
            assert!(refused.detail.contains("message.posted"), "{refused}");
        }
    }
}
