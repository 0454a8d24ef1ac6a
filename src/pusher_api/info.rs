//! The attributes of a channel that a call may ask for by `info=`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::broadcast::ChannelInfo;
use crate::pusher::{ChannelKind, ChannelName};

use super::error::CallError;

/// Which attributes were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct InfoRequest {
    pub(super) user_count: bool,
    pub(super) subscription_count: bool,
    pub(super) cache: bool,
}

/// A channel's attributes, those that were asked for and that it has.
#[derive(Debug, Serialize, Default, ToSchema)]
#[schema(as = PusherChannelInfo)]
pub(super) struct InfoResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription_count: Option<usize>,
    /// Null when asked for and empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CacheResponse>)]
    cache: Option<Option<CacheResponse>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PusherCachedEvent)]
struct CacheResponse {
    data: String,
    /// Seconds that it will be kept.
    ttl: u64,
}

impl InfoRequest {
    /// Parses a list with commas.
    ///
    /// # Errors
    /// [`CallError::BadRequest`] for an attribute that does not exist.
    pub(super) fn parse(info: Option<&str>) -> Result<Self, CallError> {
        let mut request = Self::default();
        for attribute in info.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match attribute {
                "user_count" => request.user_count = true,
                "subscription_count" => request.subscription_count = true,
                "cache" => request.cache = true,
                other => return Err(CallError::bad_request(format!("info: there is no attribute {other:?}"))),
            }
        }
        Ok(request)
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Refuses an attribute that the channel cannot have.
    pub(super) fn require_fit(self, channel: &ChannelName) -> Result<(), CallError> {
        if self.user_count && channel.kind() != ChannelKind::Presence {
            return Err(CallError::bad_request(
                "Cannot retrieve the user count unless the channel is a presence channel",
            ));
        }
        if self.cache && !channel.is_cache() {
            return Err(CallError::bad_request("info: cache is for cache channels"));
        }
        Ok(())
    }

    /// The attributes that were asked for and that this channel has.
    pub(super) fn of(self, channel: &ChannelName, info: &ChannelInfo) -> InfoResponse {
        let is_presence = channel.kind() == ChannelKind::Presence;
        InfoResponse {
            user_count: (self.user_count && is_presence).then_some(info.user_count),
            subscription_count: self.subscription_count.then_some(info.socket_count),
            cache: (self.cache && channel.is_cache()).then(|| {
                let cached = info.cached.clone();
                cached.map(|(data, left)| CacheResponse { data, ttl: left.as_secs() })
            }),
        }
    }
}
