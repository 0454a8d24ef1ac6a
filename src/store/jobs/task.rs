//! What jobs do, and what becomes of them.

use crate::domain::{DeliveryId, Timestamp};

/// What a job is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Call a webhook with an event.
    Deliver(DeliveryId),
    /// Remove messages that are older than their rooms keep them; recurring.
    RemoveOldMessages,
    /// Remove expired sessions, tokens and invitations, old deliveries and jobs; recurring.
    PurgeExpired,
}

const DELIVER: &str = "webhook.deliver";
const REMOVE_OLD_MESSAGES: &str = "messages.remove_old";
const PURGE_EXPIRED: &str = "house.keep";

impl Task {
    /// The kinds that this version knows. It leaves others alone: a later version may run on the same database.
    pub(super) const KINDS: [&str; 3] = [DELIVER, REMOVE_OLD_MESSAGES, PURGE_EXPIRED];

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Deliver(_) => DELIVER,
            Self::RemoveOldMessages => REMOVE_OLD_MESSAGES,
            Self::PurgeExpired => PURGE_EXPIRED,
        }
    }

    /// As JSON.
    pub(super) fn payload(self) -> String {
        match self {
            Self::Deliver(delivery) => serde_json::json!({ "delivery_id": delivery }).to_string(),
            Self::RemoveOldMessages | Self::PurgeExpired => "{}".to_owned(),
        }
    }

    /// The same for two jobs that do the same; unique in the database.
    pub(super) fn unique_key(self) -> String {
        match self {
            Self::Deliver(delivery) => format!("{DELIVER}:{delivery}"),
            Self::RemoveOldMessages | Self::PurgeExpired => self.kind().to_owned(),
        }
    }

    pub(super) fn parse(kind: &str, payload: &str) -> Option<Self> {
        match kind {
            DELIVER => {
                let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
                payload["delivery_id"].as_i64().map(DeliveryId).map(Self::Deliver)
            }
            REMOVE_OLD_MESSAGES => Some(Self::RemoveOldMessages),
            PURGE_EXPIRED => Some(Self::PurgeExpired),
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
