//! What jobs do, and what becomes of them.

use crate::domain::{DeliveryId, Timestamp};

/// What a job is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Tell a webhook of an event.
    Deliver(DeliveryId),
    /// Remove the messages that their rooms do not keep any longer; regularly.
    RemoveOldMessages,
    /// Remove what has expired and what nobody reads any more; regularly.
    KeepHouse,
}

const DELIVER: &str = "webhook.deliver";
const REMOVE_OLD_MESSAGES: &str = "messages.remove_old";
const KEEP_HOUSE: &str = "house.keep";

impl Task {
    /// A later version's kinds are left to it: two versions may run side by side for a while.
    pub(super) const KINDS: [&str; 3] = [DELIVER, REMOVE_OLD_MESSAGES, KEEP_HOUSE];

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Deliver(_) => DELIVER,
            Self::RemoveOldMessages => REMOVE_OLD_MESSAGES,
            Self::KeepHouse => KEEP_HOUSE,
        }
    }

    /// As JSON.
    pub(super) fn payload(self) -> String {
        match self {
            Self::Deliver(delivery) => serde_json::json!({ "delivery_id": delivery }).to_string(),
            Self::RemoveOldMessages | Self::KeepHouse => "{}".to_owned(),
        }
    }

    /// What two jobs that do the same have in common.
    pub(super) fn unique_key(self) -> String {
        match self {
            Self::Deliver(delivery) => format!("{DELIVER}:{delivery}"),
            Self::RemoveOldMessages | Self::KeepHouse => self.kind().to_owned(),
        }
    }

    pub(super) fn parse(kind: &str, payload: &str) -> Option<Self> {
        match kind {
            DELIVER => {
                let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
                payload["delivery_id"].as_i64().map(DeliveryId).map(Self::Deliver)
            }
            REMOVE_OLD_MESSAGES => Some(Self::RemoveOldMessages),
            KEEP_HOUSE => Some(Self::KeepHouse),
            _ => None,
        }
    }
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done. The job is removed.
    Done,
    /// It is done, and is to be done again at this time.
    Again(Timestamp),
    /// It failed, and may succeed another time.
    Failed(String),
    /// It failed for good. The job is kept for a while, and not tried again.
    Permanent(String),
}
