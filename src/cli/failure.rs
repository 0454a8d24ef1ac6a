//! Why a command failed.

/// Why a command failed. It is printed, and nothing else.
pub(super) type Failure = Box<dyn std::error::Error>;
