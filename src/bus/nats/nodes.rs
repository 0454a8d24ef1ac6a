//! The other nodes that are alive.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bus::NodeId;

/// Silence after which a node is pinged.
const DOUBT: Duration = Duration::from_secs(5);
/// Silence after which it counts as dead, whatever it answers.
const DEATH: Duration = Duration::from_secs(10);

/// The other nodes with sockets, and when each sent its last heartbeat.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    heard: Mutex<HashMap<NodeId, Instant>>,
}

/// Nodes without a heartbeat for a while.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SilentNodes {
    /// To be pinged.
    pub(super) doubtful: Vec<NodeId>,
    /// Dead, and removed.
    pub(super) dead: Vec<NodeId>,
}

impl Nodes {
    /// Notes a node's heartbeat.
    pub(super) fn heard(&self, node: NodeId, now: Instant) {
        self.lock().insert(node, now);
    }

    /// Adds a node that another has named; it must send a heartbeat in time.
    pub(super) fn expect(&self, node: NodeId, now: Instant) {
        self.lock().entry(node).or_insert(now);
    }

    /// Restarts every node's time: this node could not hear them.
    pub(super) fn excuse(&self, now: Instant) {
        self.lock().values_mut().for_each(|heard| *heard = now);
    }

    /// Removes a node; true when it was known.
    pub(super) fn remove(&self, node: NodeId) -> bool {
        self.lock().remove(&node).is_some()
    }

    /// Removes and returns all nodes.
    pub(super) fn remove_all(&self) -> Vec<NodeId> {
        self.lock().drain().map(|(node, _)| node).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The silent nodes; dead ones are removed.
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
