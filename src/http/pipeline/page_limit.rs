//! The limit on the items of one page of a list.

use crate::domain::{InvalidField, Refusal};

/// How many items a page may have: `default` when it is not said.
///
/// # Errors
/// `invalid_limit` outside 1 to `max`: taking less than was asked for would hide items from a program that counts.
pub(crate) fn page_limit(limit: Option<i64>, default: i64, max: i64) -> Result<i64, InvalidField> {
    let limit = limit.unwrap_or(default);
    if (1..=max).contains(&limit) {
        return Ok(limit);
    }
    Err(InvalidField::new("limit", Refusal::InvalidLimit, format!("The limit is {limit}; it may be 1 to {max}.")))
}
