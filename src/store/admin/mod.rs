pub(super) mod check;
pub(super) mod export;
pub(super) mod inspect;
