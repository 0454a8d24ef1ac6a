//! What every request passes: who calls, what the body is, what is answered.

pub(crate) mod body;
pub(crate) mod client_ip;
pub(crate) mod compression;
pub(crate) mod excluded_socket;
pub(crate) mod identity;
pub(crate) mod identity_cache;
pub(crate) mod page_limit;
pub(crate) mod problem;
pub(crate) mod ration_routes;
pub(crate) mod rationing;
pub(crate) mod response;
pub(crate) mod run_to_completion;
pub(crate) mod same_site;
pub(crate) mod socket_claims;
pub(crate) mod start_timeline;
pub(crate) mod text_schema;
