//! The publishing task: the only one that publishes events, so that they stay in order.
//!
//! It publishes only while there is a connection; events wait in Hubbub's own queue meanwhile. The client's queue would
//! block when it is full, and send what is out of date.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::warn;

use crate::bus::outgoing::{Outbound, OutgoingQueue};
use crate::bus::{BusMessage, ClusterMessage, EncodedFrame, Envelope, Recipient};
use crate::pusher::{ChannelKey, ChannelName};

use super::link::{Link, is_best_effort};
use super::packet::Body;
use super::subject;

/// Events that are taken from the queue together.
const BATCH: usize = 64;
/// Age at which a client event is dropped.
const STALE: Duration = Duration::from_secs(2);

/// A message of this broadcaster to others. It is dropped while there is no connection.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) recipient: Recipient,
    pub(super) message: ClusterMessage,
    pub(super) at: Instant,
}

/// The task.
pub(super) struct Publisher {
    link: Arc<Link>,
    outgoing: OutgoingQueue,
    messages: mpsc::Receiver<QueuedMessage>,
}

impl Publisher {
    pub(super) const fn new(link: Arc<Link>, outgoing: OutgoingQueue, messages: mpsc::Receiver<QueuedMessage>) -> Self {
        Self { link, outgoing, messages }
    }

    /// Publishes until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        loop {
            let connected = self.link.is_connected();
            tokio::select! {
                Some(message) = self.messages.recv() => self.publish_message(message).await,
                departing = self.outgoing.take(BATCH), if connected => match departing {
                    Some(departing) => {
                        // It may have gone while nothing was to be sent.
                        self.link.connected().await;
                        self.publish(departing).await;
                    }
                    None => return,
                },
                () = self.link.connected(), if !connected => {}
            }
        }
    }

    async fn publish_message(&self, message: QueuedMessage) {
        let is_stale = is_best_effort(&message.message) && message.at.elapsed() > STALE;
        if self.link.is_connected() && !is_stale {
            self.link.publish(subject::of(&message.recipient), Body::Cluster(message.message)).await;
        }
    }

    async fn publish(&self, departing: Outbound) {
        match departing {
            Outbound::Events(events) => {
                for event in events {
                    self.publish_event(event).await;
                }
            }
            // To all: an authorisation from before may be shown to a node that holds the channel for nobody yet.
            Outbound::Control(BusMessage::Revoke(revocation)) => {
                self.link.publish(subject::ALL.to_owned(), Body::Cluster(ClusterMessage::Revoke(revocation))).await;
            }
            Outbound::Control(BusMessage::Terminate(termination)) => {
                if let Ok(name) = ChannelName::of_user(&termination.user_id) {
                    let subject = subject::of_channel(&ChannelKey { app: termination.app, name });
                    self.link.publish(subject, Body::Cluster(ClusterMessage::Terminate(termination))).await;
                }
            }
            // To all: a node cannot know which sockets of others hold the credential.
            Outbound::Control(BusMessage::EndCredentials(ended)) => {
                self.link.publish(subject::ALL.to_owned(), Body::Cluster(ClusterMessage::EndCredentials(ended))).await;
            }
            Outbound::Control(BusMessage::Event(event)) => self.publish_event(event).await,
        }
    }

    async fn publish_event(&self, event: Envelope) {
        let channel = event.channel.clone();
        let frame = match RawValue::from_string(event.frame()) {
            Ok(frame) => frame,
            Err(error) => {
                return warn!(%error, channel = channel.name.as_str(), "an event whose frame is no JSON was dropped");
            }
        };
        let subject = subject::of_channel(&channel);
        let message = ClusterMessage::Event(EncodedFrame { channel, except: event.except, head: event.head, frame });
        self.link.publish(subject, Body::Cluster(message)).await;
    }
}
