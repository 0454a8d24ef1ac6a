//! Signatures with an app's secret: of channels and users, and of calls of the HTTP API.

mod api_signature;
pub mod signature;

pub use api_signature::{ApiAuthError, ApiCall, parameter_name, sign_call, verify_call};
