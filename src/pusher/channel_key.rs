//! A channel among the channels of all apps.

use serde::{Deserialize, Serialize};

use super::{AppId, ChannelName};

/// An app's channel: two apps may use the same name and never hear of each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelKey {
    /// The app.
    pub app: AppId,
    /// The channel's name.
    pub name: ChannelName,
}
