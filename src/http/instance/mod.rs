//! The server itself: information for clients, health checks, the OpenAPI document, the page.

pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod openapi;
pub(crate) mod openapi_problems;
pub(crate) mod page;
