//! The id of a process with sockets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a process with sockets. It is random and new at each start, so that nothing of an earlier run is taken for
/// something of this one. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId(u64);

/// A text that is no node's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node's id has 16 hexadecimal digits")]
pub struct InvalidNodeId;

impl NodeId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match u64::from_str_radix(text, 16) {
            Ok(id) if text.len() == 16 => Ok(Self(id)),
            _ => Err(InvalidNodeId),
        }
    }
}

impl TryFrom<String> for NodeId {
    type Error = InvalidNodeId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(node: NodeId) -> Self {
        node.to_string()
    }
}
