//! Too much, too slow, or silent.

mod floods;
mod liveness;
mod slow;
