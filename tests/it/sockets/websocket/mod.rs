//! The WebSocket protocol: connecting, RFC 6455 and RFC 7692 byte by byte, broken frames.

mod broken_frames;
mod connecting;
mod connection;
mod rfc6455;
mod rfc7692;
