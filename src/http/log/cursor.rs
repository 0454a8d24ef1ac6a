//! Where an event stream stands, as its client keeps it: the `id:` of a Server-Sent Event, which comes back as `Last-Event-ID`.
//!
//! In few rooms it names each of them: `1:42,7:9`. In many it is a moment and the rooms in which something happened since:
//! `@1764340000000000,1:42`. So it stays short however many rooms there are: proxies refuse long headers.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::{InvalidField, Refusal, RoomId, Seq, Timestamp};

/// The last event seen of each room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventCursor {
    /// A moment before which everything of the rooms that are not named was seen; `None`: all rooms are named.
    pub(crate) seen_until: Option<Timestamp>,
    /// The last event seen of the rooms that are named.
    pub(crate) rooms: BTreeMap<RoomId, Seq>,
}

impl EventCursor {
    /// Parses what a client sends back.
    ///
    /// # Errors
    /// `invalid_cursor` when it is none of ours.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidField> {
        Self::try_parse(text).ok_or_else(|| {
            let detail = "The Last-Event-ID looks like 1:42,7:9 or @1764340000000000,1:42.";
            InvalidField::new("Last-Event-ID", Refusal::InvalidCursor, detail)
        })
    }

    fn try_parse(text: &str) -> Option<Self> {
        if text.contains(['+', '-']) {
            return None;
        }
        let mut cursor = Self::default();
        for (position, part) in text.split(',').filter(|part| !part.is_empty()).enumerate() {
            match part.strip_prefix('@') {
                Some(moment) if position == 0 => cursor.seen_until = Some(Timestamp(moment.parse().ok()?)),
                Some(_) => return None,
                None => {
                    let (room_id, seq) = part.split_once(':')?;
                    cursor.rooms.insert(room_id.parse().ok()?, seq.parse().ok()?);
                }
            }
        }
        Some(cursor)
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        if let Some(moment) = self.seen_until {
            write!(f, "@{}", moment.0)?;
            comma = ",";
        }
        for (room_id, seq) in &self.rooms {
            write!(f, "{comma}{room_id}:{seq}")?;
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_sent() {
        let rooms = BTreeMap::from([(RoomId(7), Seq(9)), (RoomId(1), Seq(42))]);
        for (seen_until, text) in [(None, "1:42,7:9"), (Some(Timestamp(1_764_340)), "@1764340,1:42,7:9")] {
            let cursor = EventCursor { seen_until, rooms: rooms.clone() };
            assert_eq!(cursor.to_string(), text);
            assert_eq!(EventCursor::parse(text), Ok(cursor));
        }
        let moment = EventCursor { seen_until: Some(Timestamp(5)), rooms: BTreeMap::new() };
        assert_eq!(EventCursor::parse(&moment.to_string()), Ok(moment));
        assert_eq!(EventCursor::parse(""), Ok(EventCursor::default()));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "42",
            "1:",
            ":1",
            "1:42;7:9",
            "a:b",
            "1:42,x",
            "1:-42",
            "+1:42",
            "1:99999999999999999999",
            "@",
            "@x",
            "1:42,@5",
        ] {
            assert!(EventCursor::parse(text).is_err(), "{text}");
        }
    }
}
