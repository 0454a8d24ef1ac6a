//! The program's own modules, compiled into the fuzzer without the rest, which they do not need.

#[path = "../../src/pusher/mod.rs"]
pub mod pusher;
#[path = "../../src/domain/yjs/mod.rs"]
pub mod yjs;
