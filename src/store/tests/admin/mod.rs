pub(super) mod check;
pub(super) mod export;
