//! Where an event stream stands in the logs of all its rooms: `1:42,7:9`.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::{InvalidField, Refusal, RoomId, Seq};

/// The last event seen of each room. Its text is the `id:` of a Server-Sent Event, which comes back as `Last-Event-ID`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventCursor(pub(crate) BTreeMap<RoomId, Seq>);

impl EventCursor {
    /// Parses what a client sends back.
    ///
    /// # Errors
    /// `invalid_cursor` when it is none of ours.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidField> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let place = |place: &str| {
            let (room_id, seq) = place.split_once(':')?;
            let has_signs = place.contains(['+', '-']);
            if has_signs { None } else { Some((room_id.parse().ok()?, seq.parse().ok()?)) }
        };
        let places: Option<BTreeMap<_, _>> = text.split(',').map(place).collect();
        places.map(Self).ok_or_else(|| {
            InvalidField::new("Last-Event-ID", Refusal::InvalidCursor, "The Last-Event-ID looks like 1:42,7:9.")
        })
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (room_id, seq)) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{room_id}:{seq}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_sent() {
        let cursor = EventCursor(BTreeMap::from([(RoomId(7), Seq(9)), (RoomId(1), Seq(42))]));
        assert_eq!(cursor.to_string(), "1:42,7:9");
        assert_eq!(EventCursor::parse("1:42,7:9"), Ok(cursor));
        assert_eq!(EventCursor::parse(""), Ok(EventCursor::default()));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["42", "1:", ":1", "1:42;7:9", "a:b", "1:42,x", "1:42,", "1:-42", "+1:42", "1:99999999999999999999"]
        {
            assert!(EventCursor::parse(text).is_err(), "{text}");
        }
    }
}
