//! The events of an app's webhooks.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use crate::pusher::{App, ChannelName, WebhookEventKind};

/// An event that an app's webhooks are to send.
#[derive(Debug, Clone)]
pub struct WebhookTrigger {
    /// The app, as it was then.
    pub app: Arc<App>,
    /// What happened.
    pub event: WebhookEvent,
    /// When. Of a departure: when the connection ended or the client left, before any grace period.
    pub at: Instant,
}

/// One of the `events` in a webhook's body: `{"name":"channel_occupied","channel":"c"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookEvent {
    /// What happened.
    pub name: WebhookEventKind,
    /// The channel.
    pub channel: String,
    /// The user who joined, left, or sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A client event's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// A client event's data, as JSON in a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The socket that sent a client event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_id: Option<String>,
    /// How many sockets are in the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_count: Option<usize>,
}

impl WebhookEvent {
    /// An event with nothing but its channel.
    #[must_use]
    pub fn new(name: WebhookEventKind, channel: &ChannelName) -> Self {
        Self {
            name,
            channel: channel.to_string(),
            user_id: None,
            event: None,
            data: None,
            socket_id: None,
            subscription_count: None,
        }
    }

    /// A member who joined or left.
    #[must_use]
    pub fn of_user(name: WebhookEventKind, channel: &ChannelName, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new(name, channel) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_as_the_protocol_documents_it() {
        let channel = ChannelName::parse("presence-c").expect("valid");
        let event = WebhookEvent::of_user(WebhookEventKind::MemberAdded, &channel, "7");
        let json = serde_json::to_string(&event).expect("JSON");
        assert_eq!(json, r#"{"name":"member_added","channel":"presence-c","user_id":"7"}"#);
    }
}
