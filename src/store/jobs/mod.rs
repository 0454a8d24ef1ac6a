pub(super) mod hosts;
pub(super) mod purge;
pub(super) mod queue;
