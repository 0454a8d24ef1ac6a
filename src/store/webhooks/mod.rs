pub(super) mod deliveries;
pub(super) mod webhook;
