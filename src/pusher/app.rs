//! An application that uses the socket server: its credentials, what it allows, and its webhooks.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::app_id::{AppId, InvalidAppId};
use super::origin::AllowedOrigin;

/// Credentials that do not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// The id.
    #[error(transparent)]
    Id(#[from] InvalidAppId),
    /// The key stands in URLs, and before the colon of a signature.
    #[error("an app's key has 1 to {max} characters: letters, digits, - and _; it is {0:?}", max = App::MAX_KEY_CHARS)]
    Key(String),
    /// Whoever knows that there is none could sign.
    #[error("the secret of the app with the key {0:?} is empty")]
    Secret(String),
}

/// An application. Whoever knows its secret may authorise sockets and publish events.
#[derive(Clone)]
pub struct App {
    /// Its id, which server SDKs put into paths.
    pub id: AppId,
    /// Its public key, which clients connect with.
    pub key: String,
    /// Its secret.
    pub secret: String,
    /// Whether it may be used at all.
    pub is_enabled: bool,
    /// Whether its clients may send events to each other.
    pub has_client_events: bool,
    /// Whether the subscribers of a channel are told how many they are.
    pub has_subscription_counts: bool,
    /// How long a socket may stay without having signed in or joined a channel that needs a right; `None`: for ever.
    pub authorization_timeout: Option<Duration>,
    /// Origins that browsers may connect from; empty: all.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// Whether it is the chat's own app, whose authorisations grow old by their `issued_at`.
    pub is_chat: bool,
    /// Its limits.
    pub limits: AppLimits,
    /// Where it wants to be told what happens.
    pub webhooks: Vec<AppWebhook>,
}

/// Two words and no secret.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What one app may use. The names are those of the settings that give the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppLimits {
    /// Sockets at once.
    pub max_sockets: usize,
    /// Channels that one socket may join.
    pub max_channels_per_socket: usize,
    /// Bytes of an event's data.
    pub max_event_data_bytes: usize,
    /// Client events per second and socket.
    pub client_events_per_second: u32,
    /// Joins and leaves of channels per second and socket, beyond as many at once as it may join channels.
    pub subscriptions_per_second: u32,
    /// People in one presence channel.
    pub max_presence_members: usize,
    /// Bytes of what a presence channel keeps of one person.
    pub max_presence_member_bytes: usize,
    /// People that one user may watch.
    pub max_watchlist: usize,
    /// Channels that one event may be published to.
    pub max_channels_per_event: usize,
    /// Events in one batch.
    pub max_events_per_batch: usize,
    /// How long a cache channel keeps its last event.
    pub cache_ttl: Duration,
}

/// A URL that is told what happens in an app's channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppWebhook {
    /// Where to POST.
    pub url: String,
    /// The kinds of events, such as `channel_occupied`; empty: all.
    #[serde(default)]
    pub events: Vec<WebhookEventKind>,
    /// Only channels whose name begins so.
    #[serde(default)]
    pub channel_prefix: String,
    /// Only channels whose name ends so.
    #[serde(default)]
    pub channel_suffix: String,
    /// Headers to send along.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Whether events that happen together may go in one request.
    #[serde(default)]
    pub is_batched: bool,
}

/// What a webhook can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEventKind {
    /// A channel has its first subscriber.
    ChannelOccupied,
    /// A channel's last subscriber has left.
    ChannelVacated,
    /// Somebody came into a presence channel.
    MemberAdded,
    /// Somebody left a presence channel.
    MemberRemoved,
    /// A client sent an event to the others.
    ClientEvent,
    /// Somebody joined a cache channel that holds nothing.
    CacheMiss,
    /// The number of a channel's subscribers has changed.
    SubscriptionCount,
}

impl WebhookEventKind {
    /// The kind that this one undoes: whoever comes back at once has not left, and a webhook that hears of one of the two
    /// only must not be told of a departure that is none.
    #[must_use]
    pub const fn opposite(self) -> Option<Self> {
        match self {
            Self::ChannelOccupied => Some(Self::ChannelVacated),
            Self::ChannelVacated => Some(Self::ChannelOccupied),
            Self::MemberAdded => Some(Self::MemberRemoved),
            Self::MemberRemoved => Some(Self::MemberAdded),
            Self::ClientEvent | Self::CacheMiss | Self::SubscriptionCount => None,
        }
    }
}

impl AppWebhook {
    /// Whether this webhook wants to hear of an event of this kind in this channel.
    #[must_use]
    pub fn wants(&self, kind: WebhookEventKind, channel: &str) -> bool {
        (self.events.is_empty() || self.events.contains(&kind))
            && channel.starts_with(&self.channel_prefix)
            && channel.ends_with(&self.channel_suffix)
    }
}

impl App {
    /// As long as anybody's so far, with room to spare.
    pub const MAX_KEY_CHARS: usize = 64;

    /// Checks a key and a secret.
    ///
    /// # Errors
    /// [`InvalidCredentials`], never with the secret in it.
    pub fn check_credentials(key: &str, secret: &str) -> Result<(), InvalidCredentials> {
        let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_plain || !(1..=Self::MAX_KEY_CHARS).contains(&key.len()) {
            return Err(InvalidCredentials::Key(key.to_owned()));
        }
        if secret.is_empty() {
            return Err(InvalidCredentials::Secret(key.to_owned()));
        }
        Ok(())
    }

    /// Whether a browser that shows a page of `origin` may connect. Programs that are no browsers send no origin.
    #[must_use]
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        self.allowed_origins.is_empty() || self.allowed_origins.iter().any(|allowed| allowed.allows(origin))
    }

    /// Whether any webhook wants to hear of this, or of what it undoes; spares the making of what nobody wants.
    #[must_use]
    pub fn has_webhook_for(&self, kind: WebhookEventKind, channel: &str) -> bool {
        let mut wanted = std::iter::once(kind).chain(kind.opposite());
        wanted.any(|kind| self.webhooks.iter().any(|webhook| webhook.wants(kind, channel)))
    }
}

/// An app for tests, with the hosted service's limits.
#[cfg(test)]
impl App {
    pub(crate) fn example() -> Self {
        Self {
            id: AppId::numbered(1),
            key: "key".to_owned(),
            secret: "secret".to_owned(),
            is_enabled: true,
            has_client_events: true,
            has_subscription_counts: false,
            authorization_timeout: None,
            allowed_origins: Vec::new(),
            is_chat: true,
            limits: AppLimits {
                max_sockets: 10,
                max_channels_per_socket: 10,
                max_event_data_bytes: 10_240,
                client_events_per_second: 10,
                subscriptions_per_second: 100,
                max_presence_members: 100,
                max_presence_member_bytes: 2_048,
                max_watchlist: 100,
                max_channels_per_event: 100,
                max_events_per_batch: 10,
                cache_ttl: Duration::from_secs(1_800),
            },
            webhooks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_in_urls_and_a_secret_is_one() {
        assert_eq!(App::check_credentials("a-Z_9", "s"), Ok(()));
        for key in ["", "a:b", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(App::check_credentials(key, "s"), Err(InvalidCredentials::Key(key.to_owned())));
        }
        assert_eq!(App::check_credentials("k", ""), Err(InvalidCredentials::Secret("k".to_owned())));
    }

    #[test]
    fn a_departure_is_made_for_whoever_hears_of_the_return_and_the_other_way_round() {
        let webhook: AppWebhook =
            serde_json::from_value(serde_json::json!({"url": "http://x", "events": ["member_removed"]}))
                .expect("valid");
        let app = App { webhooks: vec![webhook], ..App::example() };
        assert!(app.has_webhook_for(WebhookEventKind::MemberRemoved, "presence-x"));
        assert!(app.has_webhook_for(WebhookEventKind::MemberAdded, "presence-x"), "it cancels the departure");
        assert!(!app.has_webhook_for(WebhookEventKind::ChannelVacated, "presence-x"));
    }

    #[test]
    fn a_webhook_hears_what_it_asked_for_in_the_channels_it_named() {
        let webhook: AppWebhook = serde_json::from_value(serde_json::json!({
            "url": "http://x", "events": ["member_added"], "channel_prefix": "presence-", "channel_suffix": "-a"
        }))
        .expect("valid");
        assert!(webhook.wants(WebhookEventKind::MemberAdded, "presence-x-a"));
        assert!(!webhook.wants(WebhookEventKind::MemberRemoved, "presence-x-a"));
        assert!(!webhook.wants(WebhookEventKind::MemberAdded, "presence-x-b"));
        assert!(!webhook.wants(WebhookEventKind::MemberAdded, "private-x-a"));
    }
}
