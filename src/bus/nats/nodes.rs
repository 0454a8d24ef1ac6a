//! Which other nodes live.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bus::NodeId;

/// Silence after which a node is asked whether it lives.
const DOUBT: Duration = Duration::from_secs(5);
/// Silence after which it is taken for dead whatever it answers.
const DEATH: Duration = Duration::from_secs(10);

/// The other nodes with sockets, by when they were last heard.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    heard: Mutex<HashMap<NodeId, Instant>>,
}

/// Nodes that were not heard for a while.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SilentNodes {
    /// They may live.
    pub(super) doubtful: Vec<NodeId>,
    /// They do not, and were removed.
    pub(super) dead: Vec<NodeId>,
}

impl Nodes {
    /// A node gave a sign of life.
    pub(super) fn heard(&self, node: NodeId, now: Instant) {
        self.lock().insert(node, now);
    }

    /// Somebody spoke of a node: it has some time to be heard.
    pub(super) fn expect(&self, node: NodeId, now: Instant) {
        self.lock().entry(node).or_insert(now);
    }

    /// Whoever could not be heard has time anew.
    pub(super) fn excuse(&self, now: Instant) {
        self.lock().values_mut().for_each(|heard| *heard = now);
    }

    /// Forgets a node; true when it was known.
    pub(super) fn remove(&self, node: NodeId) -> bool {
        self.lock().remove(&node).is_some()
    }

    /// Forgets all; answers who they were.
    pub(super) fn remove_all(&self) -> Vec<NodeId> {
        self.lock().drain().map(|(node, _)| node).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Those who are silent; the dead are forgotten.
    pub(super) fn silent(&self, now: Instant) -> SilentNodes {
        let mut silent = SilentNodes::default();
        self.lock().retain(|node, heard| {
            let silence = now.saturating_duration_since(*heard);
            if silence >= DEATH {
                silent.dead.push(*node);
            } else if silence >= DOUBT {
                silent.doubtful.push(*node);
            }
            silence < DEATH
        });
        silent
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Instant>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_node_is_doubted_and_then_dead_once() {
        let (nodes, node, start) = (Nodes::default(), NodeId::random(), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        nodes.heard(node, start);
        nodes.expect(node, at(3));
        assert_eq!(nodes.silent(at(4)), SilentNodes::default());
        assert_eq!(nodes.silent(at(5)), SilentNodes { doubtful: vec![node], dead: Vec::new() });
        nodes.excuse(at(6));
        assert_eq!(nodes.silent(at(10)), SilentNodes::default());
        assert_eq!(nodes.silent(at(16)), SilentNodes { doubtful: Vec::new(), dead: vec![node] });
        assert_eq!(nodes.silent(at(17)), SilentNodes::default());
        assert!(!nodes.remove(node));
    }
}
