//! Identifiers as types of their own, so that a room's id cannot be passed where a message's is wanted.

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error};
use utoipa::ToSchema;

use super::whole_number::WholeNumber;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(transparent)]
        #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807i64)]
        pub struct $name(pub i64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let WholeNumber(id) = WholeNumber::deserialize(deserializer)?;
                if id < 0 { Err(D::Error::custom(format_args!("{id} is no id"))) } else { Ok(Self(id)) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A person's account.
    UserId,
    /// A room.
    RoomId,
    /// A message; rising over all rooms, in the order of storing.
    MessageId,
    /// A signed-in session: one browser, one device.
    SessionId,
    /// A long-lived token for scripts.
    ApiTokenId,
    /// An invitation to sign up.
    InviteId,
    /// Work that is to be done.
    JobId,
    /// A URL that is told of events.
    WebhookId,
    /// One event on its way to one webhook.
    DeliveryId,
    /// A shared document.
    DocumentId,
    /// A file that was uploaded.
    FileId,
    /// The place of an event in its room's log: 1, 2, 3 … without a gap.
    Seq,
}
