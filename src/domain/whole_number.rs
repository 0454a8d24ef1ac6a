//! Whole numbers in requests.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A whole number. JSON knows one kind of number only, so `7.0` is taken for `7` (JSON Schema, "integer").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeNumber(pub i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeNumberVisitor).map(Self)
    }
}

/// Up to here a floating point number tells which whole number was meant: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

struct WholeNumberVisitor;

impl Visitor<'_> for WholeNumberVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::custom(format_args!("the number {number} is too large")))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() != 0.0 {
            return Err(E::custom(format_args!("{number} is not a whole number")));
        }
        // Beyond it, two whole numbers are one floating point number.
        if number.abs() > EXACT {
            return Err(E::custom(format_args!("the number {number} is too large")));
        }
        format!("{number:.0}").parse().map_err(|_| E::custom(format_args!("the number {number} is too large")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RoomId;

    fn parse(text: &str) -> Option<i64> {
        serde_json::from_str(text).ok().map(|WholeNumber(number)| number)
    }

    #[test]
    fn a_number_without_a_fraction_is_whole() {
        for (text, number) in [("7", 7), ("7.0", 7), ("-7.0", -7), ("7e2", 700), ("0.0", 0), ("-0.0", 0)] {
            assert_eq!(parse(text), Some(number), "{text}");
        }
        for text in
            ["7.5", "1e30", "-1e30", "9223372036854775808", "-9223372036854775809", "\"7\"", "null", "true", "[7]"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_is_not_negative() {
        let id = |text| serde_json::from_str::<RoomId>(text).ok();
        assert_eq!(id("7"), Some(RoomId(7)));
        assert_eq!(id("7.0"), Some(RoomId(7)));
        assert_eq!(id("0"), Some(RoomId(0)));
        for text in ["-1", "-1.0", "7.5", "\"7\""] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
