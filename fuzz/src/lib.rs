//! The program's own module, compiled into the fuzzer without the rest, which it does not need.

#[path = "../../src/pusher/mod.rs"]
pub mod pusher;
