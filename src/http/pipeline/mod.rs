//! What every request passes: who calls, what the body is, what is answered.

pub(crate) mod body;
pub(crate) mod client_ip;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod identity_cache;
pub(crate) mod page_limit;
pub(crate) mod problem;
pub(crate) mod response;
pub(crate) mod same_site;
