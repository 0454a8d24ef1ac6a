//! The response to a request beyond a ration (rate limit or quota): 429, with the ration and its setting.

use std::fmt;
use std::time::Duration;

use crate::config::{Ration, RationKey};

/// A ration is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RationUsedUp {
    /// Which one.
    pub ration: Ration,
    /// Whether it is that of the address, which several people share.
    pub is_of_address: bool,
    /// How much there is.
    pub limit: u64,
    /// When there is more; `None`: when something ends.
    pub retry_after: Option<Duration>,
}

/// For people and for operators: `You have used up your 600 messages a minute; … (HUBBUB_POSTS_PER_MINUTE).`
impl fmt::Display for RationUsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.ration.row();
        let shares = self.is_of_address && row.key == RationKey::Person;
        let (whose, factor) = match (self.is_of_address, shares) {
            (false, _) => ("You have used up your ration", ""),
            (true, true) => ("Your network address has used up its ration", ", HUBBUB_ADDRESS_RATION_FACTOR"),
            (true, false) => ("Your network address has used up its ration", ""),
        };
        write!(f, "{whose} of {} {}", self.limit, row.unit())?;
        match self.retry_after {
            Some(wait) => write!(f, "; try again in {} s", wait.as_secs_f64().ceil().max(1.0))?,
            None => write!(f, "; try again when one has ended")?,
        }
        write!(f, " ({}{factor}).", row.setting)
    }
}

impl std::error::Error for RationUsedUp {}
