//! Where an event stream stands in the logs of its rooms, and the cursor that says so.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{RoomId, Seq, Timestamp};

use super::cursor::EventCursor;

/// With so many rooms or fewer a cursor names each of them, and is about 500 bytes long at most.
const NAMED: usize = 50;

/// An event may be committed later than its time says, and the clocks of nodes differ; both by less than this. A cursor says
/// of an earlier moment that everything before it was seen.
const MARGIN: Duration = Duration::from_secs(60);

/// The last event seen of each room.
#[derive(Debug, Default)]
pub(super) struct Positions {
    rooms: BTreeMap<RoomId, Seq>,
    /// When the last event was stored of those rooms in which something happened lately.
    moved: BTreeMap<RoomId, Timestamp>,
    /// When all rooms were last read to their ends; `None`: they were not.
    complete_at: Option<Timestamp>,
}

impl Positions {
    /// Notes the last event seen of a room; `at` is when it was stored.
    pub(super) fn set(&mut self, room_id: RoomId, seq: Seq, at: Timestamp) {
        self.rooms.insert(room_id, seq);
        self.moved.insert(room_id, at);
    }

    pub(super) fn get(&self, room_id: RoomId) -> Option<Seq> {
        self.rooms.get(&room_id).copied()
    }

    pub(super) fn contains(&self, room_id: RoomId) -> bool {
        self.rooms.contains_key(&room_id)
    }

    pub(super) fn room_ids(&self) -> impl Iterator<Item = RoomId> {
        self.rooms.keys().copied()
    }

    pub(super) fn remove(&mut self, room_id: RoomId) {
        self.rooms.remove(&room_id);
        self.moved.remove(&room_id);
    }

    /// Keeps one room alone.
    pub(super) fn keep_only(&mut self, room_id: RoomId) {
        self.rooms.retain(|other, _| *other == room_id);
    }

    /// Notes that everything was seen that was committed before `at`.
    pub(super) fn note_complete(&mut self, at: Timestamp) {
        self.complete_at = Some(at);
        let margin = at.before(MARGIN);
        self.moved.retain(|_, moved_at| *moved_at >= margin);
    }

    /// Notes that everything was seen that a cursor says was seen.
    pub(super) fn note_seen_until(&mut self, moment: Timestamp) {
        self.complete_at = Some(moment.after(MARGIN));
    }

    /// What the client keeps. Of many rooms it names those in which something happened in the last minute, the newest first; of
    /// what happened in others since, events may come again.
    pub(super) fn cursor(&self) -> EventCursor {
        let Some(complete_at) = self.complete_at.filter(|_| self.rooms.len() > NAMED) else {
            return EventCursor { seen_until: None, rooms: self.rooms.clone() };
        };
        let seen_until = complete_at.before(MARGIN);
        let mut moved: Vec<_> = self.moved.iter().filter(|(_, at)| **at >= seen_until).collect();
        moved.sort_unstable_by_key(|(_, at)| std::cmp::Reverse(**at));
        let named = moved.into_iter().take(NAMED).filter_map(|(room_id, _)| Some((*room_id, self.get(*room_id)?)));
        EventCursor { seen_until: Some(seen_until), rooms: named.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_340_000_000_000);

    fn positions(rooms: i64) -> Positions {
        let mut positions = Positions::default();
        for room in 1..=rooms {
            positions.set(RoomId(room), Seq(room * 1_000_000), Timestamp(NOW.0 + room));
        }
        positions.note_complete(NOW);
        positions
    }

    #[test]
    fn a_cursor_stays_short_however_many_rooms_there_are() {
        for rooms in [1, 50, 51, 1_400, 100_000] {
            let text = positions(rooms).cursor().to_string();
            assert!(text.len() < 1_200, "{rooms} rooms: {} bytes", text.len());
        }
    }

    #[test]
    fn few_rooms_are_all_named_and_of_many_those_where_something_happened_lately() {
        let few = positions(50).cursor();
        assert_eq!((few.seen_until, few.rooms.len()), (None, 50));
        let many = positions(51).cursor();
        assert_eq!((many.seen_until, many.rooms.len()), (Some(NOW.before(MARGIN)), 50));
        assert!(!many.rooms.contains_key(&RoomId(1)), "the one in which something happened first");
        let mut later = positions(51);
        later.note_complete(NOW.after(MARGIN * 2));
        later.set(RoomId(3), Seq(7), NOW.after(MARGIN * 2));
        assert_eq!(later.cursor().rooms, BTreeMap::from([(RoomId(3), Seq(7))]));
    }

    #[test]
    fn rooms_that_were_not_read_to_their_ends_are_named() {
        let mut positions = Positions::default();
        for room in 1..=60 {
            positions.set(RoomId(room), Seq(1), NOW);
        }
        assert_eq!((positions.cursor().seen_until, positions.cursor().rooms.len()), (None, 60));
    }
}
