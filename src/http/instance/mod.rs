//! The server itself: what it offers, how it is, the page.

pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod openapi;
pub(crate) mod openapi_problems;
pub(crate) mod page;
