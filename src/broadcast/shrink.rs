//! Hash tables that free memory after a peak: by itself a hash table never shrinks.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use indexmap::IndexMap;

/// Capacity up to which a table is not shrunk.
const KEPT: usize = 32;

/// A table that can be shrunk after removals.
pub(crate) trait ShrinkSparse {
    /// To be called after a removal: shrinks the table when three quarters of it are empty. Half of the new table is empty
    /// again, so that the cost per removal and per insertion stays constant (amortised).
    fn shrink_if_sparse(&mut self);
}

/// The capacity that a table with so many entries should be shrunk to; `None` when it should stay.
fn room_for(entries: usize, room: usize) -> Option<usize> {
    (room > KEPT && entries < room / 4).then_some((entries * 2).max(KEPT / 2))
}

impl<K: Eq + Hash, V> ShrinkSparse for HashMap<K, V> {
    fn shrink_if_sparse(&mut self) {
        if let Some(room) = room_for(self.len(), self.capacity()) {
            self.shrink_to(room);
        }
    }
}

impl<T: Eq + Hash> ShrinkSparse for HashSet<T> {
    fn shrink_if_sparse(&mut self) {
        if let Some(room) = room_for(self.len(), self.capacity()) {
            self.shrink_to(room);
        }
    }
}

impl<K: Eq + Hash, V> ShrinkSparse for IndexMap<K, V> {
    fn shrink_if_sparse(&mut self) {
        if let Some(room) = room_for(self.len(), self.capacity()) {
            self.shrink_to(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_empties_gives_its_room_back_and_moves_seldom() {
        let mut table: HashSet<usize> = (0..100_000).collect();
        let mut moves = 0;
        for number in 0..100_000 {
            table.remove(&number);
            moves += usize::from(room_for(table.len(), table.capacity()).is_some());
            table.shrink_if_sparse();
        }
        assert!(table.capacity() <= KEPT, "{} places stay", table.capacity());
        assert!(moves < 20, "{moves} moves");
    }

    #[test]
    fn a_table_that_is_half_full_stays_as_it_is() {
        assert_eq!(room_for(50, 100), None);
        assert_eq!(room_for(0, KEPT), None);
        assert_eq!(room_for(24, 100), Some(48));
    }
}
