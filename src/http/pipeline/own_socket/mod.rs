//! The socket that a request names as its caller's own (`X-Socket-Id`), and whether it is.

pub(crate) mod claims;
pub(crate) mod named_socket;
