//! The ids of apps.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An app's id: any text that can stand in a path. The Python SDK demands digits.
///
/// An id is in the key of every channel and so copied with every event. Its text is kept once for the process, for ever:
/// there are as many as the settings name. What a caller says is compared with those, and never becomes an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(&'static str);

/// A text that is no app id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an app's id has 1 to {max} characters, without / and control characters; it is {0:?}", max = AppId::MAX_CHARS)]
pub struct InvalidAppId(pub String);

static TEXTS: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

impl AppId {
    /// As long as a channel's name.
    pub const MAX_CHARS: usize = 200;

    /// The id that is this number in digits.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self::keep(&number.to_string())
    }

    /// The id as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The number that the id is in digits; `None` for any other text.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        self.0.parse().ok().filter(|number: &u64| number.to_string() == self.0)
    }

    fn keep(text: &str) -> Self {
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = texts.get(text) {
            return Self(kept);
        }
        let kept: &'static str = Box::leak(text.into());
        texts.insert(kept);
        Self(kept)
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for AppId {
    type Err = InvalidAppId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=Self::MAX_CHARS).contains(&text.chars().count())
            && !text.contains(|character: char| character == '/' || character.is_control())
            && !matches!(text, "." | "..");
        if is_valid { Ok(Self::keep(text)) } else { Err(InvalidAppId(text.to_owned())) }
    }
}

/// A number where the id is one, as other versions of the nodes' messages have it; else a text.
impl Serialize for AppId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number() {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.serialize_str(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for AppId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;

        impl Visitor<'_> for Id {
            type Value = AppId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an app's id")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AppId, E> {
                Ok(AppId::numbered(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AppId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_any_text_that_can_stand_in_a_path() {
        assert_eq!("42".parse(), Ok(AppId::numbered(42)));
        for text in ["042", "-1", "1a", "12345678901234567890", "my-app", "mein Gerät", "a.b*c>", &"é".repeat(200)] {
            assert_eq!(text.parse::<AppId>().map(AppId::as_str), Ok(text));
        }
        for text in ["", "a/b", "/", ".", "..", "a\nb", &"a".repeat(201)] {
            assert_eq!(text.parse::<AppId>(), Err(InvalidAppId(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn an_id_in_digits_is_a_number_between_nodes_and_any_other_a_text() {
        for (text, json) in [("42", "42"), ("042", r#""042""#), ("a b", r#""a b""#)] {
            let id: AppId = text.parse().expect("valid");
            assert_eq!(serde_json::to_string(&id).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<AppId>(json).expect("an id"), id);
        }
    }
}
