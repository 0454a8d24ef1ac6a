//! Other nodes: the messages to them, and what their messages change here.
//!
//! Each node owns its share of a channel: its sockets, and the members who are present through them. Every node with the
//! channel adds the shares up and sends its own sockets who has joined and left.

use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::value::RawValue;

use super::mailbox::{Delivery, Subscribe};
use super::webhook_event::WebhookEvent;
use crate::broadcast::channel::ChannelChange;
use crate::broadcast::channel::{DeltaOutcome, LeftMember, PresenceDiff};
use crate::broadcast::{ChannelKey, Counters, Frame, Priority};
use crate::bus::{
    CachedEvent, ChannelDelta, ChannelSnapshot, ClusterEvent, ClusterMessage, Digest, EncodedFrame, NodeId, NodeShare,
    Recipient,
};
use crate::pusher::{App, ChannelKind, Code, MemberId, PresenceMember, WebhookEventKind, server_frame};

use super::broadcaster::Broadcaster;

/// Time after a delta at which its digest is sent: a node that missed the delta asks for the share.
const FIRST_DIGEST: Duration = Duration::from_secs(2);
/// Time between further digests; each is random between half and one and a half times this.
const DIGEST_PERIOD: Duration = Duration::from_secs(30);
/// Time over which sockets are closed when this node hears no other.
const ISOLATION_SPREAD: Duration = Duration::from_secs(5);
/// Time over which digests are spread that another node has requested.
const HELLO_SPREAD: Duration = Duration::from_secs(1);

impl Broadcaster {
    pub(crate) async fn on_cluster_event(&mut self, news: ClusterEvent) {
        match news {
            ClusterEvent::Message(node, message) => self.on_cluster_message(node, message).await,
            ClusterEvent::Snapshot(channel, held) => self.found(channel, held).await,
            // Fails when the other node no longer waits for it.
            ClusterEvent::SnapshotRequest(channel, answer) => drop(answer.send(self.snapshot_of(channel))),
            ClusterEvent::Query(query, answer) => self.respond_to_query(&query, answer),
            ClusterEvent::NodeLost(node) => self.node_lost(node).await,
            ClusterEvent::Reconnected => {
                self.cluster.send(Recipient::All, ClusterMessage::RequestDigests);
                self.schedule_digests(Duration::ZERO);
            }
            ClusterEvent::Isolated => self.close_sockets(ISOLATION_SPREAD, Code::Reconnect).await,
        }
    }

    async fn on_cluster_message(&mut self, node: NodeId, message: ClusterMessage) {
        match message {
            ClusterMessage::Event(event) => self.forward(event, Priority::Required).await,
            ClusterMessage::ClientEvent(event) => self.forward(event, Priority::BestEffort).await,
            ClusterMessage::Revoke(revocation) => self.revoke(revocation).await,
            ClusterMessage::Terminate(termination) => self.terminate(termination).await,
            ClusterMessage::EndCredentials(ended) => self.end_credentials(ended).await,
            ClusterMessage::Delta(change) => self.apply(node, change).await,
            ClusterMessage::Digest(Digest { channel, stamp }) => {
                if self.channels.get(&channel).is_some_and(|held| held.stamp_of(node) != stamp) {
                    self.cluster.send(Recipient::Node(node), ClusterMessage::RequestShare(channel));
                }
            }
            ClusterMessage::RequestShare(channel) => {
                let held = ChannelSnapshot { parts: vec![self.own_share_of(&channel)], channel, cached: None };
                self.cluster.send(Recipient::Node(node), ClusterMessage::Snapshot(Box::new(held)));
            }
            ClusterMessage::Snapshot(held) => self.apply_snapshot(*held).await,
            ClusterMessage::RequestDigests => self.schedule_digests(HELLO_SPREAD),
        }
    }

    /// Sends another node's event to the sockets here.
    async fn forward(&mut self, event: EncodedFrame, priority: Priority) {
        let EncodedFrame { channel, except, frame: text, .. } = event;
        let frame = Frame::text(text.get());
        if priority == Priority::Required {
            Counters::count(&self.counters.events_heard);
            if channel.name.is_cache()
                && let Some(data) = server_frame::data_of(text.get())
            {
                self.cache(&channel, &frame, data);
            }
        }
        self.deliver(Delivery { channel, frame, except, priority, timeline: None }).await;
    }

    /// Sends a client event to the other nodes.
    pub(crate) fn relay(&self, delivery: &Delivery) {
        if !self.cluster.has_others() {
            return;
        }
        let Some(frame) = raw(&delivery.frame) else { return };
        let (channel, except) = (delivery.channel.clone(), delivery.except);
        let event = EncodedFrame { channel: channel.clone(), except, head: None, frame };
        self.cluster.send(Recipient::Channel(channel), ClusterMessage::ClientEvent(event));
    }

    /// Whether other nodes' shares of a channel matter here: in presence and cache channels, and where counts are sent.
    pub(crate) fn is_cluster_wide(&self, channel: &ChannelKey, app: &App) -> bool {
        const COUNTING: [WebhookEventKind; 2] = [WebhookEventKind::ChannelOccupied, WebhookEventKind::ChannelVacated];
        let is_counted = || {
            app.has_subscription_counts || COUNTING.iter().any(|kind| app.has_webhook_for(*kind, channel.name.as_str()))
        };
        let is_presence = channel.name.kind() == ChannelKind::Presence;
        self.cluster.has_others() && (is_presence || channel.name.is_cache() || is_counted())
    }

    /// The first subscription to a channel waits for a snapshot from another node. Returns the subscription when it need not
    /// wait.
    pub(crate) fn wait_for_snapshot(&mut self, subscribe: Subscribe, app: Option<&App>) -> Option<Subscribe> {
        let channel = &subscribe.channel;
        if self.channels.get(channel).is_some() || !app.is_some_and(|app| self.is_cluster_wide(channel, app)) {
            return Some(subscribe);
        }
        if self.caches.get(channel, Instant::now()).is_some() {
            // This node is subscribed for the cached event. A snapshot request could come back to itself: it asks each of the
            // others for its share instead.
            self.cluster.send(Recipient::Channel(channel.clone()), ClusterMessage::RequestShare(channel.clone()));
            return Some(subscribe);
        }
        if !self.waiting.contains_key(channel) {
            // First subscribe, then ask: deltas after the snapshot are received.
            self.cluster.subscribe(channel);
            self.cluster.request_snapshot(channel);
        }
        self.waiting.entry(channel.clone()).or_default().push(subscribe);
        None
    }

    async fn found(&mut self, channel: ChannelKey, held: Option<Box<ChannelSnapshot>>) {
        let waiting = self.waiting.remove(&channel).unwrap_or_default();
        let this_node = self.cluster.this_node();
        let (parts, cached) = held.map(|held| (held.parts, held.cached)).unwrap_or_default();
        let parts: Vec<_> = parts.into_iter().filter(|part| part.owner != this_node).collect();
        parts.iter().for_each(|part| self.cluster.watch_node(part.owner));
        self.channels.prepare(&channel, parts);
        if let Some(CachedEvent { frame, data, left }) = cached
            && self.caches.get(&channel, Instant::now()).is_none()
        {
            self.caches.keep(channel.clone(), Frame::text(frame.get()), data, left, Instant::now());
        }
        // Before the client has its answer: the next client may be connecting to another node.
        self.cluster.serve_snapshots(&channel);
        for subscribe in waiting {
            self.admit_or_refuse(subscribe).await;
        }
        if self.channels.forget_if_empty(&channel) {
            self.unsubscribe_if_idle(Some(channel));
        }
    }

    /// Sends the other nodes what a subscription or its end changed here.
    pub(crate) fn publish_delta(
        &mut self,
        channel: &ChannelKey,
        changed: &ChannelChange,
        member: Option<&PresenceMember>,
        left: Option<&str>,
    ) {
        self.last_stamp += 1;
        let (before, stamp, sockets) = (changed.stamp, self.last_stamp, changed.local_sockets);
        let joined = member
            .filter(|_| changed.presence.is_local || changed.presence.has_new_info)
            .cloned()
            .into_iter()
            .collect();
        let left = left.filter(|_| changed.presence.is_local).map(str::to_owned).into_iter().collect();
        let change = ChannelDelta { channel: channel.clone(), before, stamp, joined, left, sockets };
        self.cluster.send(Recipient::Channel(channel.clone()), ClusterMessage::Delta(change));
        if let Some(held) = self.channels.get_mut(channel) {
            held.stamp = stamp;
            held.next_digest = Some(Instant::now() + FIRST_DIGEST);
        }
    }

    async fn apply(&mut self, node: NodeId, change: ChannelDelta) {
        let (channel, is_first) = (change.channel.clone(), change.before == 0);
        let Some(held) = self.channels.get_mut(&channel) else { return };
        if is_first && held.stamp != 0 {
            // Two nodes may join the channel at the same time, and each find no other.
            let digest = Digest { channel: channel.clone(), stamp: held.stamp };
            self.cluster.send(Recipient::Node(node), ClusterMessage::Digest(digest));
        }
        match held.apply(node, change) {
            DeltaOutcome::Applied(diff) => self.announce(&channel, diff).await,
            DeltaOutcome::Duplicate => {}
            DeltaOutcome::Gap => self.cluster.send(Recipient::Node(node), ClusterMessage::RequestShare(channel)),
        }
    }

    async fn apply_snapshot(&mut self, held: ChannelSnapshot) {
        let this_node = self.cluster.this_node();
        for part in held.parts.into_iter().filter(|part| part.owner != this_node) {
            let Some(channel) = self.channels.get_mut(&held.channel) else { return };
            let diff = channel.replace(part);
            self.announce(&held.channel, diff).await;
        }
    }

    async fn node_lost(&mut self, node: NodeId) {
        let held = self.channels.iter_mut().filter(|(_, channel)| channel.stamp_of(node) != 0);
        let moved: Vec<_> = held.map(|(key, channel)| (key.clone(), channel.remove_node(node))).collect();
        for (channel, diff) in moved {
            // The node that was lost cannot trigger the webhooks of those who left with it.
            if self.reports(&channel, self.count_of(&channel)) {
                let app = self.apps.by_id(channel.app);
                for LeftMember { user_id, .. } in &diff.left {
                    let event = WebhookEvent::of_user(WebhookEventKind::MemberRemoved, &channel.name, user_id);
                    self.tell_webhooks_of(app.as_ref(), event);
                }
            }
            self.announce(&channel, diff).await;
        }
    }

    /// Sends the sockets here who has joined and left on other nodes, and the new count. The node where somebody
    /// joined or left triggers the webhooks of members.
    async fn announce(&mut self, channel: &ChannelKey, PresenceDiff { joined, left, changed }: PresenceDiff) {
        for LeftMember { user_id, is_number } in left {
            let id = MemberId { text: &user_id, is_number };
            self.send_best_effort(channel, &server_frame::member_removed(&channel.name, id)).await;
        }
        for user_id in changed {
            if let Some(member) = self.channels.get(channel).and_then(|held| held.member(&user_id)).cloned() {
                self.announce_new_info(channel, &member).await;
            }
        }
        for user_id in joined {
            let member = self.channels.get(channel).and_then(|held| held.member(&user_id));
            if let Some(text) = member.map(|member| server_frame::member_added(&channel.name, member)) {
                self.send_best_effort(channel, &text).await;
            }
        }
        self.remote_count_changed(channel).await;
    }

    fn own_share_of(&self, channel: &ChannelKey) -> NodeShare {
        let owner = self.cluster.this_node();
        match self.channels.get(channel) {
            Some(held) => held.own_share(owner),
            // Newer than any delta before: the node that asked forgets what it knew.
            None => NodeShare { owner, stamp: self.last_stamp, sockets: 0, members: Vec::new() },
        }
    }

    fn snapshot_of(&self, channel: ChannelKey) -> ChannelSnapshot {
        let remote = self.channels.get(&channel).into_iter().flat_map(|held| held.remote_shares());
        let parts = std::iter::once(self.own_share_of(&channel)).chain(remote).collect();
        let now = Instant::now();
        let cached = self.caches.get(&channel, now).and_then(|cached| {
            let left = cached.expires_at.duration_since(now);
            Some(CachedEvent { frame: raw(&cached.frame)?, data: cached.data.clone(), left })
        });
        ChannelSnapshot { channel, parts, cached }
    }

    /// Schedules every channel's digest within this time.
    fn schedule_digests(&mut self, spread: Duration) {
        let now = Instant::now();
        for (_, held) in self.channels.iter_mut().filter(|(_, held)| held.stamp != 0) {
            held.next_digest = Some(now + spread.mul_f64(rand::random()));
        }
    }

    pub(crate) fn send_due_digests(&mut self) {
        let now = Instant::now();
        for (key, held) in self.channels.iter_mut() {
            if held.next_digest.is_some_and(|at| at <= now) {
                held.next_digest = Some(now + DIGEST_PERIOD.mul_f64(rand::rng().random_range(0.5..1.5)));
                let digest = Digest { channel: key.clone(), stamp: held.stamp };
                self.cluster.send(Recipient::Channel(key.clone()), ClusterMessage::Digest(digest));
            }
        }
    }

    pub(crate) fn forget_expired_events(&mut self) {
        while let Some(expired) = self.caches.take_expired(Instant::now()) {
            self.unsubscribe_if_idle(Some(expired));
        }
    }

    /// Unsubscribes this node from a channel that has neither a socket nor a cached event here.
    pub(crate) fn unsubscribe_if_idle(&self, channel: Option<ChannelKey>) {
        let is_idle = |channel: &ChannelKey| {
            self.channels.get(channel).is_none() && self.caches.get(channel, Instant::now()).is_none()
        };
        if let Some(channel) = channel.filter(is_idle) {
            self.cluster.unsubscribe(&channel);
        }
    }
}

/// The JSON of a frame; `None` when it is no text frame.
fn raw(frame: &Frame) -> Option<Box<RawValue>> {
    let text = String::from_utf8(frame.payload().to_vec()).ok()?;
    RawValue::from_string(text).ok()
}
