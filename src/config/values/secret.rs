//! A text that must not be printed.

use std::fmt;

use clap::builder::{ValueParser, ValueParserFactory};
use thiserror::Error;

/// A text that must not be printed: a key, a password in a URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret that is set and empty is a mistake: whoever wrote it believes that there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is empty; leave it out when there is to be none")]
pub struct EmptySecret;

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::str::FromStr for Secret {
    type Err = EmptySecret;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() { Err(EmptySecret) } else { Ok(Self(text.to_owned())) }
    }
}

/// Without it the command line would take `From<String>`, which refuses nothing.
impl ValueParserFactory for Secret {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        ValueParser::new(|text: &str| text.parse::<Self>())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
